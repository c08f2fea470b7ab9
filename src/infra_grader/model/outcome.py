"""What a check found: a status, a fraction of its points, a message and the evidence for it."""

from enum import StrEnum
from fractions import Fraction
from typing import Self

from infra_grader.model.record import Record

ZERO = Fraction(0)
ONE = Fraction(1)


class Status(StrEnum):
    """How a check ended; the statuses of the result format."""

    PASSED = "passed"
    PARTIAL = "partial"
    FAILED = "failed"
    BLOCKED = "blocked"
    NOT_ASSESSED = "not_assessed"
    AWAITING = "awaiting"
    ERROR = "error"

    @property
    def is_open(self) -> bool:
        """Whether the points of such a check may still be won: nobody has judged it yet."""
        return self in OPEN_STATUSES

    @property
    def satisfies(self) -> bool:
        """Whether a check that needs this one may run."""
        return self in (Status.PASSED, Status.PARTIAL)


OPEN_STATUSES = frozenset({Status.NOT_ASSESSED, Status.AWAITING, Status.ERROR})


class EvidenceKind(StrEnum):
    """What a piece of evidence points at."""

    FILE = "file"
    HTTP = "http"
    FIELD = "field"
    COMMAND = "command"
    NUMBER = "number"


class ExcerptLine(Record):
    """A line of a file of the submission, as a report may quote it."""

    number: int
    """From 1."""
    text: str


class Evidence(Record):
    """A pointer that the learner can follow; fields that say nothing stay `None`."""

    kind: EvidenceKind = EvidenceKind.FILE
    path: str | None = None
    """File relative to the submission, or the field, URL or command line that was looked at."""
    line: int | None = None
    """First line, from 1."""
    end_line: int | None = None
    """Last line, where it differs from the first."""
    expected: str | int | float | bool | None = None
    actual: str | int | float | bool | None = None
    unit: str | None = None
    """Unit of `expected` and `actual`, for numbers."""
    text: str | None = None
    """What was seen there, or what to know about it; cut to a length when it is recorded."""
    excerpt: tuple[ExcerptLine, ...] = ()
    """Lines of the file around the place, not always next to each other. The engine takes them; a check need not."""

    @classmethod
    def number(cls, actual: float, expected: float | str, unit: str, text: str | None = None) -> Self:
        """Return a measured number beside what was asked for, both in `unit`."""
        return cls(kind=EvidenceKind.NUMBER, actual=actual, expected=expected, unit=unit, text=text)


class Measure(Record):
    """A number that a check measured; an `award` table of the rubric can turn it into a fraction."""

    value: int | float
    unit: str
    threshold: int | float | None = None
    """The value at which the kind's own rule is met, if it has one."""


class Outcome(Record):
    """What a check found. Make one with `passed`, `failed`, `partial`, `passed_if` or `awaiting`."""

    status: Status
    fraction: Fraction
    """Share of the check's points, 0 to 1, exact."""
    message: str
    """A fact about the submission, in one sentence."""
    evidence: tuple[Evidence, ...] = ()
    measure: Measure | None = None
    own_fraction: Fraction | None = None
    """The kind's own fraction where an award table replaced it, else `None`."""
    remedy: str = ""
    """What would let this machine assess the check, for `not_assessed`."""
    blocked_by: str = ""
    """Id of the first cause, for `blocked`; of the open check, for one that waits for it."""
    claimed: bool = False
    """Whether this rests on a channel that the learner's code can write."""
    provides: tuple[tuple[str, str], ...] = ()
    """Plain-text handles that later checks may name: (name, value)."""
    duration_s: float = 0.0
    """Seconds that the check took."""

    @classmethod
    def passed(cls, message: str, *evidence: Evidence, measure: Measure | None = None) -> Self:
        """Return a full success."""
        return cls(status=Status.PASSED, fraction=ONE, message=message, evidence=evidence, measure=measure)

    @classmethod
    def failed(cls, message: str, *evidence: Evidence, measure: Measure | None = None) -> Self:
        """Return a failure that was judged; raise `CheckFailed` instead where there was nothing to measure."""
        return cls(status=Status.FAILED, fraction=ZERO, message=message, evidence=evidence, measure=measure)

    @classmethod
    def passed_if(cls, condition: bool, message: str, *evidence: Evidence, measure: Measure | None = None) -> Self:
        """Return `passed` if the condition holds, else `failed`."""
        make = cls.passed if condition else cls.failed
        return make(message, *evidence, measure=measure)

    @classmethod
    def partial(
        cls, fraction: Fraction | int, message: str, *evidence: Evidence, measure: Measure | None = None
    ) -> Self:
        """Return the outcome for a fraction of 0 to 1; the status follows the fraction. Raises `ValueError` outside."""
        share = Fraction(fraction)
        return cls(status=status_of(share), fraction=share, message=message, evidence=evidence, measure=measure)

    @classmethod
    def awaiting(cls, message: str, *evidence: Evidence) -> Self:
        """Return the outcome of a check that only a person can judge."""
        return cls(status=Status.AWAITING, fraction=ZERO, message=message, evidence=evidence)

    def with_fraction(self, fraction: Fraction) -> Self:
        """Return this outcome with the fraction that an award table gives; the kind's own one is kept."""
        own = self.fraction if self.own_fraction is None else self.own_fraction
        return self.replace(status=status_of(fraction), fraction=fraction, own_fraction=own)


def status_of(fraction: Fraction) -> Status:
    """Return the status of a judged fraction. Raises `ValueError` outside 0 to 1."""
    if not ZERO <= fraction <= ONE:
        raise ValueError(f"a fraction lies between 0 and 1, not {fraction}")
    if fraction == ONE:
        return Status.PASSED
    return Status.PARTIAL if fraction else Status.FAILED


class CheckFailed(Exception):
    """Raised by a check: the submission lacks what is asked for, and there is nothing to measure."""

    def __init__(self, message: str, *evidence: Evidence) -> None:
        super().__init__(message)
        self.message = message
        self.evidence = evidence


class NotAssessed(Exception):
    """Raised by a check or a capability: this machine cannot tell; `remedy` says what would help."""

    def __init__(self, reason: str, remedy: str = "", *evidence: Evidence) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.evidence = evidence


class Unavailable(NotAssessed):
    """Raised where what is asked does not answer at this moment; asking once more may help."""
