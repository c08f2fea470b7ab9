"""The shape of a result file, `infra-grader/result/v1`: closed, and what `reports/result.schema.json` describes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from infra_grader.model.outcome import EvidenceKind, Status
from infra_grader.model.rubric import Visibility

Points = Annotated[float, Meta(ge=0, le=1_000_000)]
Count = Annotated[int, Meta(ge=0)]
Line = Annotated[int, Meta(ge=1)]
Share = Annotated[str, Meta(pattern=r"^[0-9]{1,300}/[1-9][0-9]{0,299}$")]
Id = Annotated[str, Meta(min_length=1)]


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the objects in the file: no key is allowed that is not listed."""


class ExcerptRecord(Record, frozen=True):
    """A line that is quoted from the submission."""

    line: Line
    text: str


class EvidenceRecord(Record, frozen=True):
    """A pointer into the submission."""

    kind: EvidenceKind
    path: str | None = None
    line: Line | None = None
    end_line: Line | None = None
    expected: str | int | float | None = None
    actual: str | int | float | None = None
    unit: str | None = None
    text: str | None = None
    excerpt: list[ExcerptRecord] = []


class MeasureRecord(Record, frozen=True):
    """A number that a check measured."""

    value: int | float
    unit: str
    threshold: int | float | None = None


class CheckRecord(Record, frozen=True):
    """A check, what it found, and its points."""

    id: Id
    title: str
    uses: str
    status: Status
    fraction: Share
    weight: Points
    points: Points
    earned: Points
    possible: Points
    message: str
    needs: list[str]
    visibility: Visibility
    tags: list[str]
    evidence: list[EvidenceRecord]
    duration_s: Annotated[float, Meta(ge=0)]
    parameters: str = ""
    own_fraction: Share | None = None
    hint: str = ""
    remedy: str = ""
    blocked_by: str = ""
    assurance: Literal["claimed"] | None = None
    measure: MeasureRecord | None = None


class PenaltyRecord(CheckRecord, frozen=True, kw_only=True):
    """A penalty: a check, and what it costs."""

    lost: Points
    lost_at_least: Points


class CriterionRecord(Record, frozen=True):
    """A criterion and its checks."""

    id: Id
    title: str
    points: Points
    earned: Points
    possible: Points
    required: bool
    checks: list[CheckRecord]
    done: str = ""


class BonusRecord(Record, frozen=True):
    """The bonus checks."""

    points: Points
    earned: Points
    possible: Points
    checks: list[CheckRecord]


class RubricRecord(Record, frozen=True):
    """Which rubric it was."""

    id: Id
    version: Count
    sha256: str
    title: str
    pass_mark: Points


class SubmissionRecord(Record, frozen=True):
    """Which submission it was."""

    id: str
    path: str
    root: str
    commit: str | None
    dirty: bool
    submitted: str | None = None
    due: str | None = None


class ScoreRecord(Record, frozen=True):
    """The totals."""

    earned: Points
    possible: Points
    points: Points
    bonus: Points
    penalty: Points
    percent: Points
    grade: str | None
    passed: bool | None
    status: Literal["provisional", "final"]


class ResultRecord(Record, frozen=True):
    """The whole file."""

    schema: Literal["infra-grader/result/v1"]
    rubric: RubricRecord
    submission: SubmissionRecord
    score: ScoreRecord
    criteria: Annotated[list[CriterionRecord], Meta(min_length=1)]
    penalties: list[PenaltyRecord]
    environment: dict[str, str | int]
    started: str
    finished: str
    bonus: BonusRecord | None = None
    complete: str = ""
