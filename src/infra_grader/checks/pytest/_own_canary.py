"""Tests of ours among the learner's, which must fail: where one does not, what is said of its neighbours is void."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from infra_grader.capabilities.test_run import End, TestRun

MUST_FAIL = """\
def {name}():
    found = sum([1, 1])
    assert found == 3
"""


class Canaries:
    """A failing test beside each file of tests: under a name drawn here, in the folder whose conftest.py it obeys."""

    def __init__(self, files: Iterable[str]) -> None:
        # Not from the recorded seed, which a submission can know: the names show up nowhere.
        self._names = {path: f"test_{secrets.token_hex(6)}" for path in {_folder(path) for path in files}}

    @property
    def files(self) -> Mapping[str, bytes]:
        """Their files, by path in the submission."""
        return {
            f"{folder}{name}.py": MUST_FAIL.format(name=name).encode() for folder, name in sorted(self._names.items())
        }

    def owns(self, test: str) -> bool:
        """Whether a test is one of them."""
        return test.partition("::")[0] in self.files

    def find_liar(self, run: TestRun, path: str) -> str:
        """Say what was told of the one beside a file instead of that it failed, or nothing if it did fail."""
        folder = _folder(path)
        name = self._names[folder]
        end = run.end(f"{folder}{name}.py::{name}")
        if end in (End.FAILED, End.BROKE):
            return ""
        return "left out" if end is None else str(end)


def _folder(path: str) -> str:
    return path.rpartition("/")[0] + "/" if "/" in path else ""
