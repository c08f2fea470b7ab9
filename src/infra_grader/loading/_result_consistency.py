"""Whether a recorded scorecard agrees with itself; an edited or damaged record does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal

from infra_grader.errors import Problem
from infra_grader.model.outcome import ONE, ZERO, Status
from infra_grader.model.scorecard import ADJUSTED_BY, LATE, CheckScore, PenaltyScore, Score, Scorecard

NOTHING = Decimal(0)
EXPECTED = {Status.PASSED: "1/1", Status.PARTIAL: "between 0/1 and 1/1"}


def contradictions(scorecard: Scorecard) -> list[Problem]:
    """Return where the record contradicts itself, with the place in the document.

    Criteria and bonus are the sums of their checks; no total is higher than they give, unless the record names outside
    plugins that adjusted it; a status fits its fraction; ids are unique; what passed has reached the pass mark.
    """
    return [*_group_problems(scorecard), *_penalty_problems(scorecard.penalties), *_score_problems(scorecard)]


def _group_problems(scorecard: Scorecard) -> Iterator[Problem]:
    for index, criterion in enumerate(scorecard.criteria):
        place = f"criteria[{index}]"
        yield from _sum_problems(place, criterion.checks, criterion.points, criterion.earned, criterion.possible)
    bonus = scorecard.bonus
    if bonus is not None:
        yield from _sum_problems("bonus", bonus.checks, bonus.points, bonus.earned, bonus.possible)
    counts = Counter(check.id for check in scorecard.all_checks())
    for check_id, count in counts.items():
        if count > 1:
            yield Problem(f"{count} checks have the id {check_id!r}.", path="criteria")


def _sum_problems(
    place: str, checks: tuple[CheckScore, ...], points: Decimal, earned: Decimal, possible: Decimal
) -> Iterator[Problem]:
    for index, check in enumerate(checks):
        yield from _check_problems(f"{place}.checks[{index}]", check)
    yield from _differs(f"{place}.points", points, (check.points for check in checks))
    yield from _differs(f"{place}.earned", earned, (check.earned for check in checks))
    yield from _differs(f"{place}.possible", possible, (check.possible for check in checks))


def _check_problems(place: str, check: CheckScore) -> Iterator[Problem]:
    if not _fits(check):
        wanted = EXPECTED.get(check.status, "0/1")
        found = f"{check.fraction.numerator}/{check.fraction.denominator}"
        yield Problem(f"The fraction {found} does not fit the status {check.status}.", path=place, allowed=wanted)
    if not check.earned <= check.possible <= check.points:
        yield Problem(
            f"It earned {check.earned}, could earn {check.possible}, and counts {check.points} points.",
            path=place,
            allowed="earned <= possible <= points",
        )


def _fits(check: CheckScore) -> bool:
    if check.status is Status.PASSED:
        return check.fraction == ONE
    if check.status is Status.PARTIAL:
        return ZERO < check.fraction < ONE
    return check.fraction == ZERO


def _penalty_problems(penalties: tuple[PenaltyScore, ...]) -> Iterator[Problem]:
    for index, penalty in enumerate(penalties):
        yield from _check_problems(f"penalties[{index}]", penalty.check)
        if not penalty.lost_at_least <= penalty.lost <= penalty.check.points:
            yield Problem(
                f"It costs {penalty.lost}, at least {penalty.lost_at_least}, of {penalty.check.points} points.",
                path=f"penalties[{index}].lost",
                allowed="lost_at_least <= lost <= points",
            )


def _score_problems(scorecard: Scorecard) -> Iterator[Problem]:
    score, bonus = scorecard.score, scorecard.bonus
    lost = sum((penalty.lost for penalty in scorecard.penalties), NOTHING)
    least = sum((penalty.lost_at_least for penalty in scorecard.penalties), NOTHING)
    earned = sum((criterion.earned for criterion in scorecard.criteria), bonus.earned if bonus else NOTHING)
    possible = sum((criterion.possible for criterion in scorecard.criteria), bonus.possible if bonus else NOTHING)
    yield from _differs("score.points", score.points, (criterion.points for criterion in scorecard.criteria))
    yield from _exceeds("score.earned", score.earned, score.possible)
    adjusters = {*str(scorecard.environment.get(ADJUSTED_BY, LATE)).split(", ")}
    if adjusters != {LATE}:  # the totals are what those plugins made of them; what is late is a penalty like others
        return
    yield from _exceeds("score.earned", score.earned, max(NOTHING, earned - lost))
    yield from _exceeds("score.possible", score.possible, max(NOTHING, possible - least))
    if score.points:
        yield from _exceeds("score.percent", score.percent, 100 * score.earned / score.points)
    yield from _verdict_problems(score, scorecard)


def _verdict_problems(score: Score, scorecard: Scorecard) -> Iterator[Problem]:
    if not score.passed:
        return
    if score.earned < scorecard.rubric.pass_mark:
        yield Problem(
            f"It is recorded as passed with {score.earned} points.",
            path="score.passed",
            allowed=f"at least {scorecard.rubric.pass_mark} points",
        )
    for index, criterion in enumerate(scorecard.criteria):
        if criterion.required and not criterion.is_done:
            yield Problem(
                "It is recorded as passed, but this required criterion is not done.", path=f"criteria[{index}]"
            )


def _differs(place: str, found: Decimal, parts: Iterable[Decimal]) -> Iterator[Problem]:
    total = sum(parts, NOTHING)
    if found != total:
        yield Problem(f"{place} is {found}, but what it is made of adds up to {total}.", path=place, allowed=str(total))


def _exceeds(place: str, found: Decimal, limit: Decimal) -> Iterator[Problem]:
    if found > limit:
        yield Problem(f"{place} is {found}, but the checks give {limit} at most.", path=place, allowed=f"<= {limit}")
