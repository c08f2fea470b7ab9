"""Outcomes to a scorecard. Arithmetic only; the rules are those of docs/writing-rubrics.md, "How points are made"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from infra_grader.model.outcome import ONE, ZERO, Outcome, Status
from infra_grader.model.rubric import AwardRow, CheckSpec, Criterion, Rubric, Unassessed
from infra_grader.model.scorecard import (
    BonusScore,
    CheckScore,
    CriterionScore,
    PenaltyScore,
    RubricRef,
    Score,
    Scorecard,
    SubmissionRef,
)

HUNDREDTH = Decimal("0.01")
NOTHING = Decimal("0.00")


def judge(check: CheckSpec, outcome: Outcome) -> Outcome:
    """Return the outcome with the fraction that the check's award table gives to its measure.

    Without a table, a measure or a judgement the outcome stays as it is: a check that ended in `CheckFailed` has no
    measure and stays failed.
    """
    if not check.award or outcome.measure is None or outcome.status.is_open or outcome.status is Status.BLOCKED:
        return outcome
    return outcome.with_fraction(award(check.award, outcome.measure.value))


def award(table: Iterable[AwardRow], value: float) -> Fraction:
    """Return the fraction of the first row that holds for the value, none is 0."""
    # As written: the float nearest to 0.8 is larger than 0.8 and would fail "<= 0.8".
    exact = Fraction(str(value))
    return next((row.fraction for row in table if row.holds(exact)), ZERO)


def earned_points(points: Decimal, fraction: Fraction) -> Decimal:
    """Return points x fraction, rounded down to a hundredth."""
    hundredths = Fraction(points) * 100 * fraction
    return Decimal(hundredths.numerator // hundredths.denominator) * HUNDREDTH


def score(
    rubric: Rubric,
    outcomes: Mapping[str, Outcome],
    submission: SubmissionRef,
    *,
    environment: Mapping[str, str | int] | None = None,
    started: str = "",
    finished: str = "",
) -> Scorecard:
    """Return the scorecard of a submission. `outcomes` holds one outcome for every check id of the rubric."""
    criteria = tuple(_criterion(criterion, outcomes, rubric.unassessed) for criterion in rubric.criteria)
    bonus = None
    if rubric.bonus is not None:
        checks = _checks(rubric.bonus.checks, outcomes, rubric.unassessed)
        bonus = BonusScore(
            points=rubric.bonus.max_points, earned=_sum_earned(checks), possible=_sum_possible(checks), checks=checks
        )
    penalties = tuple(_penalty(check, outcomes[check.id], rubric.unassessed) for check in rubric.penalties)
    return Scorecard(
        rubric=RubricRef(
            id=rubric.id,
            version=rubric.version,
            sha256=rubric.sha256,
            title=rubric.title,
            pass_mark=rubric.pass_mark,
        ),
        submission=submission,
        score=_totals(rubric, criteria, bonus, penalties),
        criteria=criteria,
        bonus=bonus,
        penalties=penalties,
        environment=dict(environment or {}),
        started=started,
        finished=finished,
        complete=rubric.complete,
    )


def _criterion(criterion: Criterion, outcomes: Mapping[str, Outcome], unassessed: Unassessed) -> CriterionScore:
    checks = _checks(criterion.checks, outcomes, unassessed)
    return CriterionScore(
        id=criterion.id,
        title=criterion.title,
        points=criterion.points,
        earned=_sum_earned(checks),
        possible=_sum_possible(checks),
        required=criterion.required,
        done=criterion.done,
        checks=checks,
    )


def _checks(
    checks: Iterable[CheckSpec], outcomes: Mapping[str, Outcome], unassessed: Unassessed
) -> tuple[CheckScore, ...]:
    return tuple(_check(check, outcomes[check.id], unassessed) for check in checks)


def _check(check: CheckSpec, outcome: Outcome, unassessed: Unassessed) -> CheckScore:
    earned = NOTHING if outcome.status.is_open else earned_points(check.points, outcome.fraction)
    return _check_score(check, outcome, earned, check.points if is_open(outcome.status, unassessed) else earned)


def _penalty(check: CheckSpec, outcome: Outcome, unassessed: Unassessed) -> PenaltyScore:
    """Return what a penalty costs. An open one may cost all or nothing; one that is closed unassessed costs nothing."""
    lost = NOTHING if outcome.status.is_open else earned_points(check.points, ONE - outcome.fraction)
    at_most = check.points if is_open(outcome.status, unassessed) else lost
    return PenaltyScore(check=_check_score(check, outcome, NOTHING, NOTHING), lost=at_most, lost_at_least=lost)


def _check_score(check: CheckSpec, outcome: Outcome, earned: Decimal, possible: Decimal) -> CheckScore:
    return CheckScore(
        id=check.id,
        title=check.title,
        uses=check.uses,
        status=outcome.status,
        fraction=outcome.fraction,
        own_fraction=outcome.own_fraction,
        message=outcome.message,
        weight=check.weight,
        points=check.points,
        earned=earned,
        possible=possible,
        hint=check.hint,
        remedy=outcome.remedy,
        needs=check.needs,
        blocked_by=outcome.blocked_by,
        visibility=check.visibility,
        tags=check.tags,
        claimed=outcome.claimed,
        evidence=outcome.evidence,
        measure=outcome.measure,
        duration_s=outcome.duration_s,
        parameters=check.parameters,
    )


def is_open(status: Status, unassessed: Unassessed) -> bool:
    """Whether the points of a check are still open: `unassessed: zero` closes all but the grader's own errors."""
    if unassessed is Unassessed.ZERO:
        return status is Status.ERROR
    return status.is_open


def _sum_earned(checks: Iterable[CheckScore]) -> Decimal:
    return sum((check.earned for check in checks), NOTHING)


def _sum_possible(checks: Iterable[CheckScore]) -> Decimal:
    return sum((check.possible for check in checks), NOTHING)


def _totals(
    rubric: Rubric,
    criteria: tuple[CriterionScore, ...],
    bonus: BonusScore | None,
    penalties: tuple[PenaltyScore, ...],
) -> Score:
    extra = bonus.earned if bonus else NOTHING
    extra_possible = bonus.possible if bonus else NOTHING
    lost = sum((penalty.lost for penalty in penalties), NOTHING)
    lost_at_least = sum((penalty.lost_at_least for penalty in penalties), NOTHING)
    earned = max(NOTHING, sum((criterion.earned for criterion in criteria), NOTHING) + extra - lost)
    possible = max(NOTHING, sum((c.possible for c in criteria), NOTHING) + extra_possible - lost_at_least)
    percent = percent_of(earned, rubric.points)
    letters = {grade_of(percent, rubric.grades), grade_of(percent_of(possible, rubric.points), rubric.grades)}
    return Score(
        earned=earned,
        possible=possible,
        points=rubric.points,
        bonus=extra,
        penalty=lost,
        percent=percent,
        grade=letters.pop() if len(letters) == 1 else None,
        passed=_verdict(rubric, criteria, earned, possible),
        provisional=_is_provisional(rubric, criteria, bonus, penalties),
    )


def percent_of(earned: Decimal, points: Decimal) -> Decimal:
    """Return 100 x earned / points, rounded down to a hundredth: nobody is rounded up to a grade."""
    return (100 * earned / points).quantize(HUNDREDTH, rounding=ROUND_DOWN)


def grade_of(percent: Decimal, grades: Iterable[tuple[str, Decimal]]) -> str | None:
    """Return the letter for a percentage, or `None` if it is below every bound."""
    return next((letter for letter, bound in grades if percent >= bound), None)


def _verdict(rubric: Rubric, criteria: tuple[CriterionScore, ...], earned: Decimal, possible: Decimal) -> bool | None:
    """Return whether the submission passed: earned reaches the mark, and every required criterion is done.

    `None` while open checks decide, and where nothing at all was assessed: that is never a success.
    """
    weighted = [check for criterion in criteria for check in criterion.checks if check.weight]
    missing = [
        check.status
        for criterion in criteria
        if criterion.required
        for check in criterion.checks
        if check.weight and check.status is not Status.PASSED
    ]
    if possible < rubric.pass_mark or any(not is_open(status, rubric.unassessed) for status in missing):
        return False
    if earned < rubric.pass_mark or missing:
        return None
    return None if all(check.status.is_open for check in weighted) else True


def _is_provisional(
    rubric: Rubric,
    criteria: tuple[CriterionScore, ...],
    bonus: BonusScore | None,
    penalties: tuple[PenaltyScore, ...],
) -> bool:
    weighted = [check for criterion in criteria for check in criterion.checks if check.weight]
    weighted += [check for check in (bonus.checks if bonus else ()) if check.weight]
    weighted += [penalty.check for penalty in penalties]
    return any(is_open(check.status, rubric.unassessed) for check in weighted)
