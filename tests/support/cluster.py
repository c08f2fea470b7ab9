"""The cluster that the tests run on: the one that INFRA_GRADER_TEST_KUBECONFIG names, never the current context."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "INFRA_GRADER_TEST_KUBECONFIG"
KUBECTL = "kubectl"


def kubeconfig() -> Path:
    """Return the configuration of a cluster that answers; skip the test where none does, and fail it in CI."""
    if reason := _problem():
        if os.environ.get("CI"):
            pytest.fail(f"Kubernetes must work in CI: {reason}")
        pytest.skip(f"No cluster can be used: {reason}")
    return Path(os.environ[VARIABLE])


def kubectl(*arguments: str, text: str | None = None) -> str:
    """Return what kubectl prints on that cluster; fail the test if it fails. `text` is its standard input."""
    done = _run(*arguments, text=text)
    if done.returncode:
        pytest.fail(f"kubectl {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def read(*arguments: str) -> Any:
    """Return the object or list of objects that `kubectl get` prints."""
    return json.loads(kubectl("get", "--output", "json", *arguments))


@functools.cache
def _problem() -> str:
    if not (path := os.environ.get(VARIABLE)):
        return f"{VARIABLE} names none; `make cluster` starts one and says what to set"
    if not Path(path).is_file():
        return f"{VARIABLE} names {path}, which is not there"
    try:
        done = _run("get", "--raw", "/readyz", "--request-timeout", "10s")
    except FileNotFoundError:
        return "kubectl is not installed; `tests/tools/install cluster` does it"
    return f"the cluster of {path} does not answer: {done.stderr.strip()}" if done.returncode else ""


def _run(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = (KUBECTL, "--kubeconfig", os.environ[VARIABLE], *arguments)
    return subprocess.run(command, input=text, capture_output=True, text=True, errors="replace", check=False)
