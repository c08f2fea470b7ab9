#!/bin/bash
echo "handed out"
