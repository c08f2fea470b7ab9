#!/usr/bin/env bash
# Ask a deployed service whether it is healthy and keeps strangers out: scripts/smoke.sh URL
set -euo pipefail

curl --fail --silent --show-error --retry 10 --retry-delay 6 --retry-all-errors "$1/health"
status=$(curl --silent --output /dev/null --write-out '%{http_code}' --request POST "$1/predict")
test "$status" = 401
