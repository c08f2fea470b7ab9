"""What tests that run hostile programs need: a real sandbox."""

from __future__ import annotations

import functools
import os

import pytest

from infra_grader.sandboxes.bubblewrap_sandbox import find_problem


@functools.cache
def bubblewrap_problem() -> str:
    """Return why bubblewrap cannot be used here, or nothing."""
    return find_problem()


def require_bubblewrap() -> None:
    """Skip a test where bubblewrap cannot be used; in CI that is a failure."""
    if problem := bubblewrap_problem():
        if os.environ.get("CI"):
            pytest.fail(f"bubblewrap must work in CI: {problem}")
        pytest.skip(f"bubblewrap cannot be used: {problem}")
