import os
import time
import warnings

import pytest

from infra_grader.capabilities import ignored
from infra_grader.capabilities.ignored import IgnoreRules, read_ignore_rules, read_patterns


def rules(text):
    return IgnoreRules([("", read_patterns(text.encode()))])


def test_patterns_that_git_would_not_accept_cost_only_themselves():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = rules("*.log\n[z-a]\n!\nodd\\\n[[:alpha:]]\nbuild/\n")
    assert [found.ignores(path) for path in ("a.log", "build/x", "a.py")] == [True, True, False]


def test_patterns_that_take_forever_are_left_out():
    found = rules("*.log\n" + "*a*a*a*a*a*a*a*b\n**/a/**/a/**/a/**/b\n" * 50)
    started = time.monotonic()
    assert not found.ignores("a" * 255)
    assert found.ignores("a/" * 50 + "x.log")
    assert time.monotonic() - started < 5


def test_more_patterns_than_anybody_writes_are_left_out():
    found = rules("".join(f"x{number}\n" for number in range(ignored.MAX_PATTERNS + 1)))
    assert found.ignores(f"x{ignored.MAX_PATTERNS - 1}")
    assert not found.ignores(f"x{ignored.MAX_PATTERNS}")


def test_nothing_is_ignored_when_the_time_is_up(monkeypatch):
    monkeypatch.setattr(ignored, "MAX_SECONDS", -1)
    assert not rules("*.log").ignores("a.log")


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda place: place.symlink_to("/etc/passwd"), lambda place: place.mkdir(), lambda _: None]
)
def test_what_is_no_file_has_no_rules(tmp_path, make):
    make(tmp_path / ".gitignore")
    assert not read_ignore_rules(tmp_path, [".gitignore"]).ignores("a.log")
