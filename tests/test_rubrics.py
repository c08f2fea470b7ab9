"""Every bundled rubric is held to its proof: solution, untouched starter, and a flaw for each check."""

from __future__ import annotations

import fcntl
import os
import pickle
import shutil

import cluster
import pytest
import tools
from records import go_elsewhere, observed, told, told_of

from infra_grader.api import bundled, grade, load_rubric
from infra_grader.engine.registry import Registry
from infra_grader.loading.bundled import find_exercise
from infra_grader.loading.exercise_history import with_history
from infra_grader.proof import (
    QUIET,
    SOLUTION,
    flaws,
    grade_flaw,
    prove_flaw,
    prove_solution,
    prove_starter,
    read_expectation,
    unproven,
)

tools.put_on_path()

LIVE = QUIET.replace(live="docker,kubernetes")
QUICK = LIVE.replace(sandbox="bubblewrap")
"""For flaws: it starts at once. Solution and starter run in the sandbox of Docker, where there is one."""
RUBRICS = sorted(bundled())
FLAWS = [(rubric_id, flaw.name) for rubric_id in RUBRICS for flaw in flaws(find_exercise(rubric_id))]


@pytest.fixture(autouse=True)
def _lab(monkeypatch):
    """Let live checks see the cluster of the tests and no other; where there is none, theirs are not assessed."""
    monkeypatch.setenv("KUBECONFIG", os.environ.get(cluster.VARIABLE, os.devnull))


@pytest.fixture
def kept_in(tmp_path_factory):
    """Return the folder that all workers share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture
def solution_of(kept_in):
    """Return a function that proves a rubric's solution: once for all workers, and again if it fails.

    Its record is in the shared folder, as `<rubric>.record`.
    """

    def solution(rubric_id):
        kept = kept_in / f"{rubric_id}.solution"
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if kept.exists():
                return pickle.loads(kept.read_bytes())
            record = kept.with_suffix(".record")
            shutil.rmtree(record, ignore_errors=True)
            options = LIVE.replace(record=record)
            proof = prove_solution(load_rubric(rubric_id), find_exercise(rubric_id), Registry(), options)
            if not proof.faults and not ("CI" in os.environ and proof.untold):
                kept.write_bytes(pickle.dumps(proof))
            return proof

    return solution


@pytest.mark.parametrize("rubric_id", RUBRICS)
def test_with_the_solution_every_check_passes(rubric_id, solution_of):
    proof = solution_of(rubric_id)
    assert proof.faults == ()
    if "CI" in os.environ:  # which has every component
        assert proof.untold == []


@pytest.mark.parametrize("rubric_id", RUBRICS)
def test_the_solution_replayed_with_nothing_running_is_the_same(rubric_id, solution_of, kept_in, monkeypatch, tmp_path):
    full, exercise = solution_of(rubric_id).scorecard, find_exercise(rubric_id)
    go_elsewhere(monkeypatch, tmp_path)
    replayed = QUIET.replace(replay=kept_in / f"{rubric_id}.record")
    with with_history(exercise / SOLUTION, exercise) as submission:
        assert told(grade(submission, rubric_id, options=replayed)) == told(full)


@pytest.mark.parametrize("rubric_id", RUBRICS)
def test_the_untouched_starter_earns_nothing(rubric_id):
    assert prove_starter(load_rubric(rubric_id), find_exercise(rubric_id), Registry(), LIVE).faults == ()


@pytest.mark.parametrize("rubric_id", RUBRICS)
def test_every_check_is_in_some_flaw(rubric_id):
    assert unproven(load_rubric(rubric_id), find_exercise(rubric_id)) == []


@pytest.mark.parametrize(("rubric_id", "flaw"), FLAWS, ids=lambda value: value.removeprefix("project-"))
def test_a_flaw_loses_what_it_says(rubric_id, flaw, solution_of, monkeypatch, tmp_path):
    rubric, exercise, record = load_rubric(rubric_id), find_exercise(rubric_id), tmp_path / "record"
    full = solution_of(rubric_id).scorecard
    options = QUICK.replace(record=record)
    proof = prove_flaw(rubric, exercise, exercise / "flawed" / flaw, full, Registry(), options)
    assert proof.faults == ()
    if seen := list(observed(record)):
        go_elsewhere(monkeypatch, tmp_path)
        again = _replayed_flaw(rubric, exercise, flaw, seen, record)
        assert {check_id: told_of(again)[check_id] for check_id in seen} == {
            check_id: told_of(proof.scorecard)[check_id] for check_id in seen
        }


def _replayed_flaw(rubric, exercise, flaw, only, record):
    """Return the scorecard of some checks and what they need by the record of a flaw."""
    place = exercise / "flawed" / flaw
    expectation = read_expectation(place / "expect.yaml")
    return grade_flaw(rubric, exercise / SOLUTION, place, expectation, Registry(), only, QUIET.replace(replay=record))
