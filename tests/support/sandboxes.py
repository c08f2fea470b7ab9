"""What tests that run hostile programs need: a real sandbox."""

from __future__ import annotations

import functools
import os

import pytest

from infra_grader.capabilities.docker import address
from infra_grader.sandboxes import bubblewrap_sandbox, docker_sandbox

WALLS = ("bubblewrap", "docker")
DAEMON = "start one with tests/docker/daemon"


@functools.cache
def bubblewrap_problem() -> str:
    """Return why bubblewrap cannot be used here, or nothing."""
    return bubblewrap_sandbox.find_problem()


@functools.cache
def docker_problem() -> str:
    """Return why Docker cannot be used here, or nothing."""
    problem = docker_sandbox.find_problem()
    return f"{problem}; {DAEMON}" if problem else ""


def daemon() -> dict[str, str]:
    """Return the variables by which a command finds the daemon that the tests use."""
    return {"DOCKER_HOST": address()}


def require_bubblewrap() -> None:
    """Skip a test where bubblewrap cannot be used; in CI that is a failure."""
    _require("bubblewrap", bubblewrap_problem())


def require_docker() -> None:
    """Skip a test where no Docker daemon answers, or lacks the image; in CI that is a failure."""
    _require("Docker", docker_problem())


def require(name: str) -> None:
    """Skip a test where the sandbox of this name cannot be used; in CI that is a failure."""
    {"bubblewrap": require_bubblewrap, "docker": require_docker}[name]()


def _require(name: str, problem: str) -> None:
    if problem:
        if os.environ.get("CI"):
            pytest.fail(f"{name} must work in CI: {problem}")
        pytest.skip(f"{name} cannot be used: {problem}")
