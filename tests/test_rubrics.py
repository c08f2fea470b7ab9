"""Every bundled rubric is held to its proof: solution, untouched starter, and a flaw for each check."""

from __future__ import annotations

import functools
import os

import pytest
import tools

from infra_grader.api import bundled, load_rubric
from infra_grader.engine.registry import Registry
from infra_grader.loading.bundled import find_exercise
from infra_grader.proof import flaws, prove_flaw, prove_solution, prove_starter, unproven

tools.put_on_path()

RUBRICS = sorted(bundled())
FLAWS = [(rubric_id, flaw.name) for rubric_id in RUBRICS for flaw in flaws(find_exercise(rubric_id))]


@functools.cache
def solution_of(rubric_id):
    return prove_solution(load_rubric(rubric_id), find_exercise(rubric_id), Registry())


@pytest.mark.parametrize("rubric_id", RUBRICS)
def test_with_the_solution_every_check_passes(rubric_id):
    proof = solution_of(rubric_id)
    assert proof.faults == ()
    if "CI" in os.environ:  # which has every component
        assert proof.untold == []


@pytest.mark.parametrize("rubric_id", RUBRICS)
def test_the_untouched_starter_earns_nothing(rubric_id):
    assert prove_starter(load_rubric(rubric_id), find_exercise(rubric_id), Registry()).faults == ()


@pytest.mark.parametrize("rubric_id", RUBRICS)
def test_every_check_is_in_some_flaw(rubric_id):
    assert unproven(load_rubric(rubric_id), find_exercise(rubric_id)) == []


@pytest.mark.parametrize(("rubric_id", "flaw"), FLAWS, ids=lambda value: value.removeprefix("project-"))
def test_a_flaw_loses_what_it_says(rubric_id, flaw):
    exercise = find_exercise(rubric_id)
    full = solution_of(rubric_id).scorecard
    assert prove_flaw(load_rubric(rubric_id), exercise, exercise / "flawed" / flaw, full, Registry()).faults == ()
