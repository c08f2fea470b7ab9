#!/usr/bin/env bash
# Builds the image of a Gradescope autograder: Python, git, a sandbox, and infra-grader in an environment of its own.
# The zip for Gradescope holds this file, run_autograder, and the rubric with its folder. A wheel of infra-grader that
# lies beside them is installed instead of the published version.
set -euo pipefail

VERSION=${INFRA_GRADER_VERSION:-} # the version to install, such as 0.1.0; the newest where this is empty
ROOT=${AUTOGRADER_ROOT:-/autograder}

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends git bubblewrap ca-certificates

python=
for name in python3.14 python3.13 python3.12 python3.11; do
  if "$name" -c "" > /dev/null 2>&1; then
    python=$name
    break
  fi
done
if [ -z "$python" ]; then
  # The usual base image has an older Python; its distribution has this one too.
  apt-get install --yes --no-install-recommends python3.11 python3.11-venv
  python=python3.11
fi
"$python" -m ensurepip --version > /dev/null 2>&1 || apt-get install --yes --no-install-recommends "$python-venv"
"$python" -m venv "$ROOT/infra-grader"

wheel=$(find "$ROOT/source" -maxdepth 1 -name 'infra_grader-*.whl' | sort | tail -n 1)
if [ -n "$wheel" ]; then
  wanted="infra-grader[all] @ file://$wheel"
else
  wanted="infra-grader[all]${VERSION:+==$VERSION}"
fi
"$ROOT/infra-grader/bin/python" -m pip install --no-cache-dir "$wanted"
"$ROOT/infra-grader/bin/infra-grader" --version
