"""What a rubric asks for: criteria, their checks, and the rules that turn outcomes into a score."""

import operator
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from infra_grader.model.record import Record


class Unassessed(StrEnum):
    """What becomes of checks that nobody could assess: they stay open, or count zero."""

    OPEN = "open"
    ZERO = "zero"


class Visibility(StrEnum):
    """Who sees a check and when: Gradescope's four words."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"


OPERATORS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
}


class AwardRow(Record):
    """One row of an award table: where `measure operator bound` holds, the check earns `fraction`."""

    operator: str
    """One of `OPERATORS`."""
    bound: Fraction
    fraction: Fraction

    def holds(self, measure: Fraction) -> bool:
        """Whether the row's condition is true of a measure."""
        return OPERATORS[self.operator](measure, self.bound)


class CheckSpec(Record):
    """One question that a rubric asks of a submission: a check kind with parameters and a share of points."""

    id: str
    title: str
    uses: str
    """Name of the check kind."""
    params: object
    """Instance of the kind's parameter model."""
    paths: tuple[str, ...] = ()
    """Paths and globs of the submission that the parameters name."""
    parameters: str = ""
    """Digest of the parameters as written: equal digests ask the same question."""
    weight: Fraction = Fraction(1)
    points: Decimal = Decimal(0)
    """Share of the criterion's points, in hundredths; for a penalty, what it can cost."""
    award: tuple[AwardRow, ...] = ()
    hint: str = ""
    needs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    timeout: float | None = None
    """Seconds that the rubric allows; `None` leaves only the engine's backstop."""
    visibility: Visibility = Visibility.VISIBLE
    allow_starter: bool = False
    """Whether files that the course handed out and the learner did not change count as work."""


class Criterion(Record):
    """A row of the rubric; its checks share its points by weight."""

    id: str
    title: str
    points: Decimal
    checks: tuple[CheckSpec, ...]
    required: bool = False
    done: str = ""
    """Its tick line in `validate`."""


class Bonus(Record):
    """Points on top of the rubric's own; its checks share `max_points` by weight."""

    max_points: Decimal
    checks: tuple[CheckSpec, ...]


class LateBase(StrEnum):
    """What a late policy takes its percentage of."""

    EARNED = "earned"
    """The points that were earned."""
    POINTS = "points"
    """The rubric's points."""


class LatePolicy(Record):
    """What it costs to hand in late: a percentage for each period begun since the deadline."""

    percent: Decimal
    """For each period begun, 0 to 100."""
    period_s: int = 86_400
    grace_s: int = 0
    """How late costs nothing yet; what is later counts from the deadline on."""
    cap: Decimal = Decimal(100)
    """The percentage that it costs at most."""
    of: LateBase = LateBase.EARNED


class Rubric(Record):
    """A rubric that has been read and found valid."""

    id: str
    version: int
    title: str
    points: Decimal
    pass_mark: Decimal
    criteria: tuple[Criterion, ...]
    track: str = ""
    unassessed: Unassessed = Unassessed.OPEN
    complete: str = ""
    """Last line of `validate` when every required criterion is done."""
    roots: tuple[str, ...] = (".",)
    """Folders of a submission that may hold the work."""
    starter_ceiling: Decimal | None = None
    """Points that the untouched starter may earn at most; `None` if the rubric does not say."""
    bonus: Bonus | None = None
    penalties: tuple[CheckSpec, ...] = ()
    grades: tuple[tuple[str, Decimal], ...] = ()
    """Letters and the percent from which they are given, best first."""
    plugins: tuple[str, ...] = ()
    late: LatePolicy | None = None
    source: str = ""
    """Where it was read from, to show to people."""
    folder: Path = Path()
    """Folder that the paths of the rubric's own files are relative to."""
    sha256: str = ""

    def all_checks(self) -> Iterator[CheckSpec]:
        """Yield every check in the rubric's order: criteria, bonus, penalties."""
        for criterion in self.criteria:
            yield from criterion.checks
        if self.bonus is not None:
            yield from self.bonus.checks
        yield from self.penalties

    def checks_by_id(self) -> Mapping[str, CheckSpec]:
        """Return every check under its id, in the rubric's order."""
        return {check.id: check for check in self.all_checks()}
