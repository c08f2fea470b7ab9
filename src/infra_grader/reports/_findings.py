"""What a scorecard says, put in the order in which a person wants to read it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from infra_grader.model.outcome import Status
from infra_grader.model.record import Record
from infra_grader.model.rubric import Visibility
from infra_grader.model.scorecard import LATE, BonusScore, CheckScore, CriterionScore, PenaltyScore, Scorecard

HIDDEN_MESSAGE = "What this check found is hidden."
NOTHING = Decimal(0)


class Loss(Record):
    """A check that fell short, and what mending it can win back."""

    check: CheckScore
    group: str
    """Title of the criterion, or `Penalties`."""
    lost: Decimal
    """Points lost at this check itself."""
    waiting: tuple[CheckScore, ...]
    """The checks that are blocked by this one."""
    winnable: Decimal
    """Points lost here and at the checks that wait for it."""


class OpenGroup(Record):
    """Checks that are open for the same reason."""

    status: Status
    reason: str
    remedy: str
    checks: tuple[CheckScore, ...]
    points: Decimal
    """Points that they could still bring, or penalties that they could still spare."""


def for_learner(scorecard: Scorecard) -> Scorecard:
    """Return the scorecard as its learner may see it: of a check that is not visible, the title and the points."""
    if all(check.visibility is Visibility.VISIBLE for check in scorecard.all_checks()):
        return scorecard
    return scorecard.replace(
        criteria=tuple(_criterion_for_learner(criterion) for criterion in scorecard.criteria),
        bonus=_bonus_for_learner(scorecard.bonus),
        penalties=tuple(penalty.replace(check=_for_learner(penalty.check)) for penalty in scorecard.penalties),
    )


def losses(scorecard: Scorecard) -> list[Loss]:
    """Return what was lost, most points to win back first; a blocked check stands with the one that it waits for.

    Bonus checks are no loss, and what being late costs cannot be won back. Checks that count no points come last.
    """
    lost = _points_lost(scorecard)
    known = {check.id for check, _, _ in lost}
    waiting: defaultdict[str, list[tuple[CheckScore, Decimal]]] = defaultdict(list)
    for check, _, points in lost:
        if _waits(check, known):
            waiting[check.blocked_by].append((check, points))
    found = [
        Loss(
            check=check,
            group=group,
            lost=points,
            waiting=tuple(other for other, _ in waiting[check.id]),
            winnable=points + sum((more for _, more in waiting[check.id]), NOTHING),
        )
        for check, group, points in lost
        if not _waits(check, known)
    ]
    return sorted(found, key=lambda loss: -loss.winnable)


def open_groups(scorecard: Scorecard) -> list[OpenGroup]:
    """Return the open checks by their reason, most points first.

    A check that waits for an open one is open for that one's reason.
    """
    checks = {check.id: check for check in scorecard.all_checks()}
    points = _points_open(scorecard)
    groups: defaultdict[tuple[Status, str, str], list[CheckScore]] = defaultdict(list)
    for check in checks.values():
        if check.status.is_open:
            cause = _cause(check, checks)
            groups[cause.status, cause.message, cause.remedy].append(check)
    found = [
        OpenGroup(
            status=status,
            reason=reason,
            remedy=remedy,
            checks=tuple(members),
            points=sum((points[check.id] for check in members), NOTHING),
        )
        for (status, reason, remedy), members in groups.items()
    ]
    return sorted(found, key=lambda group: -group.points)


def claimed_checks(scorecard: Scorecard) -> list[CheckScore]:
    """Return the checks whose outcome rests on what the learner's own code says, and that earned something by it."""
    return [check for check in scorecard.all_checks() if check.claimed and check.fraction > 0]


def unmet_requirements(scorecard: Scorecard) -> list[CriterionScore]:
    """Return the required criteria that are not done, without which nothing is passed."""
    return [criterion for criterion in scorecard.criteria if criterion.required and not criterion.is_done]


def title_of(scorecard: Scorecard, check_id: str) -> str:
    """Return the title of the check with this id, or the id where there is none."""
    return next((check.title for check in scorecard.all_checks() if check.id == check_id), check_id)


def _points_lost(scorecard: Scorecard) -> list[tuple[CheckScore, str, Decimal]]:
    lost = [
        (check, criterion.title, check.points - check.earned)
        for criterion in scorecard.criteria
        for check in criterion.checks
        if check.is_lost
    ]
    return lost + [
        (penalty.check, "Penalties", penalty.lost)
        for penalty in scorecard.penalties
        if penalty.check.is_lost and not is_final(penalty)
    ]


def _points_open(scorecard: Scorecard) -> dict[str, Decimal]:
    points = {check.id: check.possible - check.earned for check in scorecard.all_checks()}
    points |= {penalty.check.id: penalty.lost - penalty.lost_at_least for penalty in scorecard.penalties}
    return points


def _waits(check: CheckScore, known: set[str]) -> bool:
    return check.status is Status.BLOCKED and check.blocked_by in known and check.blocked_by != check.id


def _cause(check: CheckScore, checks: dict[str, CheckScore]) -> CheckScore:
    seen = {check.id}
    while (nearer := checks.get(check.blocked_by)) is not None and nearer.status.is_open and nearer.id not in seen:
        seen.add(nearer.id)
        check = nearer
    return check


def _for_learner(check: CheckScore) -> CheckScore:
    if check.visibility is Visibility.VISIBLE:
        return check
    return check.replace(
        message=HIDDEN_MESSAGE,
        uses="",
        hint="",
        remedy="",
        tags=(),
        evidence=(),
        measure=None,
        own_fraction=None,
    )


def _criterion_for_learner(criterion: CriterionScore) -> CriterionScore:
    return criterion.replace(checks=tuple(_for_learner(check) for check in criterion.checks))


def _bonus_for_learner(bonus: BonusScore | None) -> BonusScore | None:
    return bonus and bonus.replace(checks=tuple(_for_learner(check) for check in bonus.checks))


def is_final(penalty: PenaltyScore) -> bool:
    """Whether nothing that a learner does now takes a penalty away: it is the cost of being late."""
    return penalty.check.uses == LATE


def penalties_that_cost(scorecard: Scorecard) -> list[PenaltyScore]:
    """Return the penalties that take points now."""
    return [penalty for penalty in scorecard.penalties if penalty.lost > 0]
