"""Tests of ours among the learner's, which must fail: where one does not, what is said of its neighbours is void."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from infra_grader.capabilities.test_run import End, TestRun

WAYS = ("assert", "raises", "equal", "refuse")
MUST_FAIL = """\
import unittest

import pytest


def {name}_assert():
    found = sum([1, 1])
    assert found == 3


def {name}_raises():
    with pytest.raises(ValueError):
        sum([1, 1])


def {name}_equal():
    unittest.TestCase().assertEqual(sum([1, 1]), 3)


def {name}_refuse():
    with unittest.TestCase().assertRaises(ValueError):
        sum([1, 1])
"""
"""One test for each of the ways in which most tests find something wrong."""


class Canaries:
    """Failing tests beside the learner's: under names drawn here, in each folder, whose `conftest.py` they obey."""

    def __init__(self, files: Iterable[str]) -> None:
        # Not from the recorded seed, which a submission can know: the names show up nowhere.
        self._names = {path: f"test_{secrets.token_hex(6)}" for path in sorted({_folder(path) for path in files})}
        self.files: Mapping[str, bytes] = {
            f"{folder}{name}.py": MUST_FAIL.format(name=name).encode() for folder, name in self._names.items()
        }
        """Their files, by path in the submission."""

    def owns(self, test: str) -> bool:
        """Whether a test is one of them."""
        return test.partition("::")[0] in self.files

    def find_lie(self, run: TestRun, path: str) -> str:
        """Say what was told of one beside a file instead of that it failed, or nothing if all of them did fail."""
        folder = _folder(path)
        name = self._names[folder]
        for way in WAYS:
            end = run.end(f"{folder}{name}.py::{name}_{way}")
            if end not in (End.FAILED, End.BROKE):
                return "left out" if end is None else str(end)
        return ""


def _folder(path: str) -> str:
    return path.rpartition("/")[0] + "/" if "/" in path else ""
