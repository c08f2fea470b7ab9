"""A gradebook: what came out for each learner of a roster, in its order."""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from infra_grader.model.outcome import Status
from infra_grader.model.record import Record
from infra_grader.model.roster import Learner
from infra_grader.model.rubric import Visibility
from infra_grader.model.scorecard import Score


class State(StrEnum):
    """How far a submission has come."""

    GRADED = "graded"
    """There is a scorecard."""
    ABSENT = "absent"
    """There is nothing to grade, and the learner must do something about it."""
    OPEN = "open"
    """It could not be fetched or graded through no fault of the learner's; another run tries again."""
    WAITING = "waiting"
    """No run has come to it yet; no journal holds this one."""


class CheckHead(Record):
    """A check of the rubric, as a column of the gradebook."""

    id: str
    title: str
    points: Decimal
    """What it can earn; for a penalty what it can cost."""


class PartHead(Record):
    """A criterion of the rubric, its bonus (id `bonus`) or its penalties (id `penalties`), with its checks."""

    id: str
    title: str
    points: Decimal
    """What it can earn; 0 for penalties."""
    checks: tuple[CheckHead, ...]


class GradebookHead(Record):
    """What holds for every row."""

    rubric: str
    """Id of the rubric."""
    version: int
    sha256: str
    title: str
    points: Decimal
    """The full mark, without the bonus."""
    pass_mark: Decimal
    parts: tuple[PartHead, ...]


class CheckStanding(Record):
    """A check of one learner's scorecard."""

    id: str
    status: Status
    points: Decimal
    earned: Decimal
    possible: Decimal
    message: str = ""
    hint: str = ""
    visibility: Visibility = Visibility.VISIBLE
    tags: tuple[str, ...] = ()
    duration_s: float = 0.0


class PartStanding(Record):
    """A criterion, or the bonus, of one learner's scorecard."""

    id: str
    earned: Decimal
    possible: Decimal
    checks: tuple[CheckStanding, ...]


class PenaltyStanding(Record):
    """A penalty of one learner's scorecard, such as for being late; the rubric need not know it."""

    id: str
    title: str
    lost: Decimal
    message: str = ""
    visibility: Visibility = Visibility.VISIBLE


class GradebookRow(Record):
    """A learner and what came out."""

    learner: Learner
    state: State
    message: str = ""
    """Why there is no scorecard, and what would help."""
    at: str = ""
    """When it came out; UTC, ISO 8601."""
    submitted: str = ""
    """When the work was handed in, where that is known; UTC, ISO 8601."""
    work: str = ""
    """What was graded: a commit, where there is one."""
    score: Score | None = None
    parts: tuple[PartStanding, ...] = ()
    penalties: tuple[PenaltyStanding, ...] = ()

    @property
    def is_awaiting(self) -> bool:
        """Whether a person must still give points."""
        return any(check.status is Status.AWAITING for part in self.parts for check in part.checks)


class Gradebook(Record):
    """Everything that a gradebook's format may show."""

    head: GradebookHead
    columns: tuple[str, ...]
    """Names of the roster's columns that are passed through."""
    rows: Iterable[GradebookRow]
    """In the roster's order; read anew each time it is gone through, so that no class is too large for the memory."""
