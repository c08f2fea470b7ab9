#!/bin/bash
cd /srv
echo "$PWD"
