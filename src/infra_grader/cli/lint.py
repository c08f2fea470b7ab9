"""What is legal in a rubric but unwise, found by reading it and by grading its untouched starter and its flaws."""

from __future__ import annotations

from infra_grader.api import grade
from infra_grader.engine.registry import Registry
from infra_grader.errors import Problem
from infra_grader.loading.bundled import find_exercise
from infra_grader.loading.rubric_lint import lint
from infra_grader.model.rubric import Rubric
from infra_grader.proof import QUIET, uncaught, unproven


def findings(rubric: Rubric, registry: Registry) -> list[Problem]:
    """Return what to look at in a rubric. A rubric with an exercise of its own is held against its starter too."""
    found = list(lint(rubric))
    exercise = find_exercise(rubric.id)
    if exercise is None:
        return found
    starter = exercise / "starter"
    if starter.is_dir():
        specs = rubric.checks_by_id()
        scorecard = grade(starter, rubric, options=QUIET, registry=registry)
        found += [
            Problem(
                f"the untouched starter already earns {check.fraction} of {check.id}",
                path=check.id,
                allowed="a check that only the learner's own work can pass, or allow_starter: true",
            )
            for check in scorecard.all_checks()
            if check.fraction > 0 and not specs[check.id].allow_starter
        ]
    if (exercise / "solution").is_dir():
        found += [
            Problem(
                f"no flaw loses {check_id}: nobody knows whether it can fail",
                path=check_id,
                allowed=f"a folder in exercises/{rubric.id}/flawed/ whose expect.yaml names it",
            )
            for check_id in unproven(rubric, exercise)
        ]
        found += [
            Problem(
                f"no check catches the flaw {name}",
                path=f"flawed/{name}",
                allowed="a flaw that loses the checks which its expect.yaml names",
            )
            for name in uncaught(rubric, exercise, registry)
        ]
    return found
