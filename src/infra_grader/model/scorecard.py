"""All outcomes of a submission under a rubric, and the score: what every report is made from."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from infra_grader.model.outcome import ONE, Evidence, Measure, Status
from infra_grader.model.record import Record
from infra_grader.model.rubric import Visibility

ADJUSTED_BY = "adjusted_by"
"""Fact of the environment that names the plugins which changed a scorecard, where some did: then its totals need not
follow from its checks."""

LATE = "late"
"""Name of the built-in plugin that takes points for late work. Also the fact of the environment that holds the late
policy which the command line gave in place of the rubric's, in its words."""
EXTRAS = "extras"
"""Fact of the environment that names what of a class's work was fetched beside its own commits, where that was asked
for: `submodules`, `lfs`."""
NOT_FETCHED = "not_fetched"
"""Fact of the environment that says what of the work could not be fetched, and why: its submodules or LFS files."""
UNASSESSED = "unassessed"
"""Fact of the environment that holds what `--unassessed` said in place of the rubric."""


class RubricRef(Record):
    """Which rubric a scorecard was made with."""

    id: str
    version: int
    sha256: str
    title: str
    pass_mark: Decimal
    """Points needed to pass."""


class SubmissionRef(Record):
    """Which submission a scorecard is about."""

    id: str
    path: str
    root: str
    """Folder inside the submission that holds the work, `.` for the submission itself."""
    commit: str | None = None
    """Full commit id, where the folder is a git checkout."""
    dirty: bool = False
    """Whether the folder differs from that commit."""
    submitted: str | None = None
    """When it was handed in, where a roster or its commit tells; UTC, ISO 8601 with seconds and `Z`. A commit's own
    time is what its author's machine said."""
    due: str | None = None
    """Until when it was in time, extension counted; UTC, as above."""


class CheckScore(Record):
    """A check of the rubric, what it found, and the points that follow."""

    id: str
    title: str
    uses: str
    status: Status
    fraction: Fraction
    message: str
    weight: Fraction
    points: Decimal
    earned: Decimal
    """Points that are certain."""
    possible: Decimal
    """Points that could still be reached."""
    own_fraction: Fraction | None = None
    hint: str = ""
    remedy: str = ""
    needs: tuple[str, ...] = ()
    blocked_by: str = ""
    visibility: Visibility = Visibility.VISIBLE
    tags: tuple[str, ...] = ()
    claimed: bool = False
    evidence: tuple[Evidence, ...] = ()
    measure: Measure | None = None
    duration_s: float = 0.0
    parameters: str = ""
    """Digest of the check's parameters; `rescore` accepts a record only for the same question."""

    @property
    def counts(self) -> bool:
        """Whether the check can move the score."""
        return self.points > 0

    @property
    def is_lost(self) -> bool:
        """Whether it was judged and fell short, or is blocked."""
        return not self.status.is_open and self.fraction < ONE


class CriterionScore(Record):
    """A criterion with its checks; its totals are the sums of what the checks show."""

    id: str
    title: str
    points: Decimal
    earned: Decimal
    possible: Decimal
    required: bool
    checks: tuple[CheckScore, ...]
    done: str = ""

    @property
    def is_done(self) -> bool:
        """Whether every check that counts was passed in full."""
        return all(check.status is Status.PASSED for check in self.checks if check.weight)


class BonusScore(Record):
    """The bonus checks and their totals."""

    points: Decimal
    earned: Decimal
    possible: Decimal
    checks: tuple[CheckScore, ...]


class PenaltyScore(Record):
    """A penalty: what it can cost, and what it costs."""

    check: CheckScore
    """`points` is the cost in full; `earned` and `possible` are 0: a penalty gives nothing."""
    lost: Decimal
    """Points taken from `earned`; an open penalty counts in full here."""
    lost_at_least: Decimal
    """Points that are lost whatever becomes of open checks; an open penalty counts 0 here. They are taken from
    `possible`, and a percentage of what is earned takes more of it while checks are open."""


class Score(Record):
    """The totals: an interval from `earned` to `possible` while checks are open."""

    earned: Decimal
    possible: Decimal
    points: Decimal
    bonus: Decimal
    """Bonus points contained in `earned`."""
    penalty: Decimal
    """Penalty points taken off `earned`."""
    percent: Decimal
    """100 x earned / points, rounded down to a hundredth."""
    grade: str | None
    """The letter, where earned and possible give the same one."""
    passed: bool | None
    """`None` while open points decide."""
    provisional: bool
    """Whether a check that counts is still open."""

    @property
    def status(self) -> str:
        """`provisional` or `final`, as the result format says it."""
        return "provisional" if self.provisional else "final"


class Scorecard(Record):
    """Everything that a report may show."""

    rubric: RubricRef
    submission: SubmissionRef
    score: Score
    criteria: tuple[CriterionScore, ...]
    bonus: BonusScore | None = None
    penalties: tuple[PenaltyScore, ...] = ()
    environment: dict[str, str | int] = {}  # noqa: RUF012 - a Struct copies it
    """Facts about the grading: version, platform, seed, and the sandbox in which learner code ran, if any did."""
    started: str = ""
    """UTC, ISO 8601 with seconds and `Z`."""
    finished: str = ""
    complete: str = ""
    """The closing line of `validate`."""

    def all_checks(self) -> Iterator[CheckScore]:
        """Yield every check: criteria, bonus, penalties."""
        for criterion in self.criteria:
            yield from criterion.checks
        if self.bonus is not None:
            yield from self.bonus.checks
        for penalty in self.penalties:
            yield penalty.check
