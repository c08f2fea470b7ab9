"""What a class as a whole got and lost: added up row by row, so that its size does not matter."""

from __future__ import annotations

from array import array
from collections import Counter
from decimal import Decimal

from infra_grader.model.gradebook import CheckStanding, GradebookHead, GradebookRow, State
from infra_grader.model.outcome import Status
from infra_grader.model.record import Record
from infra_grader.model.scorecard import LATE

MAX_REASONS = 100
"""Different reasons for open points that are told apart; a message may be another for each learner."""
LATE_TITLE = "Handed in late"
"""Of the penalty of a late policy, whose own title says how late a learner was."""
NOTHING = Decimal(0)
UNFETCHED = "submission open"
"""What stands for a status where a submission as a whole is open."""


class Standing(Record):
    """How the class stands at a criterion, a check or a penalty; points are averages over who was graded with it."""

    id: str
    title: str
    part: str
    """Title of what it belongs to; of a criterion, nothing."""
    points: Decimal
    learners: int
    """Who was graded with it."""
    earned: Decimal
    open: Decimal
    lost: Decimal
    losers: int
    """Who lost points at it for certain."""
    blocked: int
    """For how many of them it could not be tried, since another check failed."""
    undecided: int
    """For how many of the learners points are open."""
    seconds: float


class Reason(Record):
    """Why points or submissions are open."""

    status: str
    """A `Status`, or `UNFETCHED`."""
    message: str
    points: Decimal
    learners: int
    checks: tuple[str, ...]
    """Titles."""


class ClassTotals:
    """The totals of the rows added so far; scores and times take a few bytes a learner, all else takes none."""

    def __init__(self, head: GradebookHead) -> None:
        self.counts: Counter[str] = Counter({state.value: 0 for state in State})
        """Learners by state; also `all`, `passed`, `failed`, `undecided`, `provisional`, `awaiting`."""
        self.first, self.last = "", ""
        """When the first and the last of the rows came out."""
        self.percents = array("d")
        """Scores that are certain, in percent of the full mark."""
        self.provisional = array("b")
        """Whether each of them may still rise."""
        self.seconds = array("d")
        """How long the checks of each submission took together."""
        self._parts = {part.id: _Sum(part.id, part.title, "", part.points) for part in head.parts}
        self._checks = {
            check.id: _Sum(check.id, check.title, part.title, check.points)
            for part in head.parts
            for check in part.checks
        }
        self._titles = {part.id: part.title for part in head.parts}
        self._costs: dict[str, _Sum] = {}
        self._reasons: dict[tuple[str, str], _Reason] = {}
        self.graded = 0

    def add(self, row: GradebookRow) -> None:
        """Count a learner in."""
        self.counts["all"] += 1
        self.counts[row.state.value] += 1
        if row.at:
            self.first, self.last = min(self.first or row.at, row.at), max(self.last, row.at)
        if row.state is State.OPEN:
            self._reason(UNFETCHED, row.message).add("", NOTHING)
        if row.score is None:
            return
        score = row.score
        self.graded += 1
        self.counts[{True: "passed", False: "failed", None: "undecided"}[score.passed]] += 1
        self.counts["provisional"] += score.provisional
        self.counts["awaiting"] += row.is_awaiting
        self.percents.append(float(score.percent))
        self.provisional.append(score.provisional)
        self.seconds.append(sum(check.duration_s for part in row.parts for check in part.checks))
        self._add_points(row)
        self._add_reasons(row)

    def criteria(self) -> list[Standing]:
        """Return the criteria and the bonus, in the rubric's order."""
        return [part.standing() for part in self._parts.values() if part.learners]

    def checks(self) -> list[Standing]:
        """Return the checks that cost somebody points or may still do, the dearest first."""
        found = [check.standing() for check in self._checks.values() if check.learners]
        return sorted((check for check in found if check.lost or check.open), key=lambda one: (-one.lost, -one.open))

    def slowest(self, count: int = 5) -> list[Standing]:
        """Return the checks that take the most time."""
        found = [check.standing() for check in self._checks.values() if check.seconds > 0]
        return sorted(found, key=lambda one: -one.seconds)[:count]

    def costs(self) -> list[Standing]:
        """Return the penalties that somebody has, the dearest first; averages are over all who were graded."""
        found = [cost.standing(self.graded) for cost in self._costs.values()]
        return sorted(found, key=lambda one: -one.lost)

    def reasons(self) -> list[Reason]:
        """Return why something is open, what most points hang on first; the last one may stand for many others."""
        found = [reason.reason(*key) for key, reason in self._reasons.items()]
        return sorted(found, key=lambda one: (not one.status, -one.points, -one.learners))

    def _add_points(self, row: GradebookRow) -> None:
        for part in row.parts:
            total = self._parts.get(part.id)
            if total is None:  # the rubric has changed since
                points = sum((check.points for check in part.checks), NOTHING)
                total = self._parts.setdefault(part.id, _Sum(part.id, part.id, "", points))
            total.add(total.points, part.earned, part.possible)
            for check in part.checks:
                known = self._checks.get(check.id)
                if known is None:
                    title = self._titles.get(part.id, part.id)
                    known = self._checks.setdefault(check.id, _Sum(check.id, check.id, title, check.points))
                known.add(check.points, check.earned, check.possible)
                known.seconds += check.duration_s
                known.blocked += check.status is Status.BLOCKED and check.possible < check.points
        for penalty in row.penalties:
            if penalty.lost:
                known = self._checks.get(penalty.id)
                title = known.title if known else LATE_TITLE if penalty.id.startswith(LATE) else penalty.title
                cost = self._costs.setdefault(penalty.id, _Sum(penalty.id, title, "", NOTHING))
                cost.add(penalty.lost, NOTHING, NOTHING)

    def _add_reasons(self, row: GradebookRow) -> None:
        met: dict[tuple[str, str], list[CheckStanding]] = {}
        for part in row.parts:
            for check in part.checks:
                if check.possible > check.earned:
                    met.setdefault((check.status.value, check.message), []).append(check)
        for (status, message), checks in met.items():
            reason = self._reason(status, message)
            for check in checks:
                known = self._checks.get(check.id)
                reason.add(known.title if known else check.id, check.possible - check.earned, learners=0)
            reason.learners += 1

    def _reason(self, status: str, message: str) -> _Reason:
        key = (status, message)
        if key not in self._reasons and len(self._reasons) >= MAX_REASONS:
            key = ("", "")
        return self._reasons.setdefault(key, _Reason())


class _Sum:
    """Points of a criterion, a check or a penalty, added up over learners."""

    def __init__(self, name: str, title: str, part: str, points: Decimal) -> None:
        self.id, self.title, self.part, self.points = name, title, part, points
        self.earned = self.open = self.lost = NOTHING
        self.learners = self.losers = self.blocked = self.undecided = 0
        self.seconds = 0.0

    def add(self, points: Decimal, earned: Decimal, possible: Decimal) -> None:
        lost = max(points - possible, NOTHING)
        self.learners += 1
        self.earned += earned
        self.open += possible - earned
        self.lost += lost
        self.losers += lost > 0
        self.undecided += possible > earned

    def standing(self, learners: int | None = None) -> Standing:
        count = learners or self.learners or 1
        return Standing(
            id=self.id,
            title=self.title,
            part=self.part,
            points=self.points,
            learners=learners or self.learners,
            earned=self.earned / count,
            open=self.open / count,
            lost=self.lost / count,
            losers=self.losers,
            blocked=self.blocked,
            undecided=self.undecided,
            seconds=self.seconds / count,
        )


class _Reason:
    def __init__(self) -> None:
        self.points, self.learners = NOTHING, 0
        self.checks: dict[str, None] = {}

    def add(self, check: str, points: Decimal, learners: int = 1) -> None:
        self.points += points
        self.learners += learners
        if check:
            self.checks[check] = None

    def reason(self, status: str, message: str) -> Reason:
        return Reason(
            status=status, message=message, points=self.points, learners=self.learners, checks=tuple(self.checks)
        )
