#!/usr/bin/env bash
set -euo pipefail
if [[ ! -d $1 ]]; then
  echo "$1 is missing" >&2
  exit 1
fi
mkdir -p "$2"
tar -czf "$2/backup.tar.gz" "$1"
