#!/bin/sh
bandit -r ..
