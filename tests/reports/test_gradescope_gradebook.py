"""The gradebook for Gradescope."""

from __future__ import annotations

import json

import pytest

from infra_grader.engine.gradebook import read_gradebook
from infra_grader.engine.journal import Journal
from infra_grader.reports.gradebook_format import GradebookOptions
from infra_grader.reports.gradescope_gradebook import write_files
from tests.support.batches import write_batch

TOP = {"score", "execution_time", "output", "output_format", "test_output_format", "test_name_format", "visibility",
       "stdout_visibility", "extra_data", "tests", "leaderboard"}  # fmt: skip
TEST = {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags",
        "visibility", "extra_data"}  # fmt: skip
VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}


@pytest.fixture
def files(tmp_path):
    def write(**options):
        journal = Journal(write_batch(tmp_path / "out"), to_read=True)
        put: dict[str, str] = {}
        notes = write_files(read_gradebook(journal), put.__setitem__, GradebookOptions(**options))
        journal.close()
        return put, list(notes)

    return write


def test_it_is_as_it_was(files, same_as_golden):
    put, notes = files(provisional=True)
    same_as_golden(put["ben/results.json"], "gradescope.json")
    same_as_golden("\n".join(notes) + "\n", "gradescope.txt")


def test_there_is_a_file_for_everyone_whose_score_is_final(files):
    put, notes = files()
    assert sorted(put) == ["ada/results.json", "fay/results.json"]
    assert any("left out (ben)" in note and "--provisional" in note for note in notes)
    assert any("left out (cyd)" in note for note in notes)


def test_it_says_only_what_gradescope_reads(files):
    put, _ = files(provisional=True)
    assert len(put) == 3
    for text in put.values():
        result = json.loads(text)
        assert result.keys() <= TOP
        assert isinstance(result["score"], int | float)
        for test in result["tests"]:
            assert test.keys() <= TEST
            assert test["visibility"] in VISIBILITY
            assert test.get("status") in {"passed", "failed", None}
            assert ("score" in test) == ("max_score" in test) == ("status" in test)
            assert "\r" not in test["output"]


def test_bonus_and_penalties_are_points_out_of_nothing(files):
    put, _ = files()
    ada, fay = (json.loads(put[f"{name}/results.json"]) for name in ("ada", "fay"))
    assert ada["score"] == 72.5
    assert sum(test["score"] for test in ada["tests"]) == 72.5
    penalty = ada["tests"][-1]
    assert (penalty["score"], penalty["max_score"], penalty["status"]) == (-20, 0, "failed")
    assert [(test["score"], test["max_score"]) for test in fay["tests"]][-1] == (5, 0)
    assert fay["score"] == 105


def test_an_open_check_has_no_points_and_says_why(files):
    put, _ = files(provisional=True)
    ben = json.loads(put["ben/results.json"])
    [review] = [test for test in ben["tests"] if test["name"] == "The check review"]
    assert "score" not in review
    assert review["output"].splitlines()[0] == "Awaiting a person: 0 of 30, up to 30."
    assert ben["output"] == "70 of 100, up to 100."


def test_what_a_hidden_check_found_is_in_no_file(files):
    put, _ = files(provisional=True)
    assert all("SECRET" not in text for text in put.values())
    hidden = [test for text in put.values() for test in json.loads(text)["tests"] if test["visibility"] == "hidden"]
    assert len(hidden) == 3
