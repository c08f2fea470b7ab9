#!/usr/bin/env bash
set -euo pipefail

source_folder=$1
tar -czf "backup-$(date +%F).tar.gz" "$source_folder"
