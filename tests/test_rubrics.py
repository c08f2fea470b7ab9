"""Every bundled rubric is held to its proof: solution, untouched starter, and a flaw for each check."""

from __future__ import annotations

import fcntl
import os
import pickle

import cluster
import pytest
import tools

from infra_grader.api import bundled, load_rubric
from infra_grader.engine.registry import Registry
from infra_grader.loading.bundled import find_exercise
from infra_grader.proof import QUIET, flaws, prove_flaw, prove_solution, prove_starter, unproven

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
def solution_of(tmp_path_factory):
    """Return a function that proves a rubric's solution: once for all workers, and again if it fails."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def solution(rubric_id):
        kept = folder / f"{rubric_id}.solution"
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if kept.exists():
                return pickle.loads(kept.read_bytes())
            proof = prove_solution(load_rubric(rubric_id), find_exercise(rubric_id), Registry(), LIVE)
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
def test_the_untouched_starter_earns_nothing(rubric_id):
    assert prove_starter(load_rubric(rubric_id), find_exercise(rubric_id), Registry(), LIVE).faults == ()


@pytest.mark.parametrize("rubric_id", RUBRICS)
def test_every_check_is_in_some_flaw(rubric_id):
    assert unproven(load_rubric(rubric_id), find_exercise(rubric_id)) == []


@pytest.mark.parametrize(("rubric_id", "flaw"), FLAWS, ids=lambda value: value.removeprefix("project-"))
def test_a_flaw_loses_what_it_says(rubric_id, flaw, solution_of):
    exercise = find_exercise(rubric_id)
    full = solution_of(rubric_id).scorecard
    proof = prove_flaw(load_rubric(rubric_id), exercise, exercise / "flawed" / flaw, full, Registry(), QUICK)
    assert proof.faults == ()
