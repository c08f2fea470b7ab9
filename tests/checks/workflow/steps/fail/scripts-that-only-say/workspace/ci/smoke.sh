#!/bin/sh
set -e
# curl --fail http://localhost/health
echo curl http://localhost/health
