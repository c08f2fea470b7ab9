from __future__ import annotations

import pytest
import sandboxes

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.sandbox import Limit
from infra_grader.capabilities.test_run import End, TestPlan, heard, run_tests
from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import NotAssessed
from infra_grader.sandboxes.bubblewrap_sandbox import open_bubblewrap


def test_a_test_ends_as_the_worst_that_was_said_of_it():
    run = heard(
        [
            {"test": "t.py::test_a[1]", "how": "failed", "why": "assert 0"},
            {"test": "t.py::test_a[2]", "how": "passed", "why": ""},
            {"test": "t.py::test_a[1]", "how": "passed", "why": ""},
            {"ended": 0},
        ],
        "exit status 0",
        None,
    )
    assert run.end("t.py::test_a") == End.FAILED
    assert run.is_whole


def test_a_test_without_an_end_is_lost():
    run = heard([{"collected": "t.py::test_a"}, {"collected": "t.py::test_b[x]"}], "exit status 0", None)
    assert run.end("t.py::test_a") == run.end("t.py::test_b") == End.LOST
    assert run.end("t.py::test_c") is None
    assert not run.is_whole


@pytest.mark.parametrize(
    "line",
    [
        {"test": "t.py::test_a", "how": "perfect", "why": ""},
        {"test": 1, "how": "passed", "why": ""},
        {"test": "t.py::test_a", "how": "passed"},
        {"ran": [1]},
        {"ran": {"a.py": "all"}},
        {"ended": "well"},
        {},
    ],
)
def test_what_makes_no_sense_is_left_out(line):
    run = heard([line], "exit status 0", None)
    assert not run.tests
    assert not any(run.lines.values())
    assert not run.is_whole


def test_an_end_that_a_limit_made_is_none():
    assert not heard([{"ended": 0}], "it was ended: too long", Limit.TIME).is_whole


def test_a_python_that_cannot_start_our_pytest_is_not_assessed(tmp_path):
    sandboxes.require_bubblewrap()
    sandbox = open_bubblewrap([])
    with pytest.raises(NotAssessed, match="cannot be started"):
        run_tests(sandbox, Workspace(tmp_path), TestPlan(files=(), python="/bin/false"), Deadline(20))
    sandbox.close()
