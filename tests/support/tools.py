"""The tools that cases need: found where tests/tools/install puts them; where one is missing, its tests are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DEFAULT = Path.home() / ".cache" / "infra-grader-tests" / "bin"


def put_on_path() -> None:
    """Let our checks find the tools that tests/tools/install has built; those of the machine win."""
    folder = os.environ.get("INFRA_GRADER_TEST_TOOLS") or str(DEFAULT)
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if folder not in entries:
        os.environ["PATH"] = os.pathsep.join([*entries, folder])


def require(outcome, expected: str) -> None:
    """Skip a test whose check could not be assessed for want of a tool; in CI that is a failure."""
    if outcome.status == "not_assessed" != expected and "is not installed" in outcome.message:
        if os.environ.get("CI"):
            pytest.fail(f"{outcome.message} tests/tools/install installs what the tests need")
        pytest.skip(outcome.message)
