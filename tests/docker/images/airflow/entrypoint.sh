#!/usr/bin/env bash
# As in the official image: a program of its own by name, else a command of airflow.
set -euo pipefail
case ${1-} in
  airflow | bash | python) exec "$@" ;;
  *) exec airflow "$@" ;;
esac
