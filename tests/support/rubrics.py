"""Small rubrics and fake check kinds for the tests of the engine, without files."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from infra_grader.capabilities.workspace import Workspace
from infra_grader.engine.ask import Session
from infra_grader.engine.plan import plan
from infra_grader.engine.run import run
from infra_grader.engine.score import score
from infra_grader.model.outcome import Outcome
from infra_grader.model.rubric import Bonus, CheckSpec, Criterion, Rubric
from infra_grader.model.scorecard import SubmissionRef
from infra_grader.plugin import CheckKind, Params, check, check_kinds

SUBMISSION = SubmissionRef(id="ada", path="/somewhere/ada", root=".")


class Nothing(Params):
    """No parameters."""


def kind_of(function, *, capabilities=(), measure="") -> CheckKind:
    """Return the check kind that a plain function `(context) -> Outcome` makes."""

    @check(f"fake.{function.__name__.strip('<>_')}", capabilities=capabilities, measure=measure)
    def run_it(context, params: Nothing) -> Outcome:
        """Asks what the test asks."""
        return function(context)

    module = type("module", (), {"run_it": run_it})
    (kind,) = check_kinds(module)
    return kind


def spec(check_id, *, uses="fake.kind", points="10", weight=1, **more) -> CheckSpec:
    """Return a check of a rubric."""
    return CheckSpec(
        id=check_id,
        title=f"The check {check_id}",
        uses=uses,
        params=Nothing(),
        points=Decimal(points),
        weight=Fraction(weight),
        **more,
    )


def rubric(*checks, bonus=(), penalties=(), points=None, pass_mark="0", required=False, **more) -> Rubric:
    """Return a rubric of one criterion with these checks."""
    total = sum((item.points for item in checks), Decimal(0))
    criterion = Criterion(id="all", title="All of it", points=total, checks=tuple(checks), required=required)
    return Rubric(
        id="fake",
        version=1,
        title="A rubric for tests",
        points=Decimal(points) if points else total,
        pass_mark=Decimal(pass_mark),
        criteria=(criterion,),
        bonus=Bonus(max_points=sum((item.points for item in bonus), Decimal(0)), checks=tuple(bonus))
        if bonus
        else None,
        penalties=tuple(penalties),
        source="rubric.yaml",
        **more,
    )


def run_kinds(
    the_rubric,
    kinds,
    folder=Path(__file__).parent,  # small: its files are listed within the limits of a check
    *,
    observe=lambda check, outcome: None,
    only=(),
    workers=4,
    meanwhile=tuple,
    begin=lambda check, seconds: None,
    settled=None,
    until=None,
    **session,
):
    """Run a rubric whose kinds are given by name, and return the outcomes."""
    with Session(workspace=Workspace(folder), rubric_folder=folder, find_kind=kinds.__getitem__, **session) as opened:
        return run(
            plan(the_rubric, only),
            opened,
            observe,
            workers,
            meanwhile,
            begin=begin,
            settled=settled or {},
            until=until,
        )


def score_of(the_rubric, **outcomes):
    """Return the scorecard for outcomes by check id; dashes are written as underscores."""
    by_id = {name.replace("_", "-"): outcome for name, outcome in outcomes.items()}
    return score(the_rubric, by_id, SUBMISSION)
