"""What a worker is given for one learner, and what it gives back; both travel between processes and machines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from infra_grader.api import GradeOptions
from infra_grader.loading.fetch_outcome import Extras, FetchLimits
from infra_grader.model.gradebook import State
from infra_grader.model.record import Record
from infra_grader.model.roster import Learner


class Assignment(Record):
    """One learner's work to grade."""

    learner: Learner
    rubric: str
    """Id of a bundled rubric, or the absolute path of a file."""
    sha256: str
    """Digest of that rubric, which a worker must have alike."""
    plugins: tuple[Path, ...] = ()
    options: GradeOptions = GradeOptions()
    limits: FetchLimits = FetchLimits()
    extras: Extras = Extras()
    commit: str = ""
    """The commit to grade, where an earlier run has chosen it."""
    until: datetime | None = None
    """The last moment whose commits count, where neither a commit nor the roster's ref says which one."""
    stamp: str = ""
    """What told the work of an earlier run from others."""
    previous: bytes | None = None
    """Record of the earlier run, whose outcomes stand where they still can."""
    redo: frozenset[str] | None = None
    """The checks to ask again, with all that hangs together with them; `None` asks all."""
    records: bool = False
    """Whether to keep what the checks see."""
    replays: bool = False
    """Whether to judge again by `record`, with nothing running."""
    record: bytes | None = None
    """What an earlier run saw of this work, as an archive; `None` where it was not kept."""
    lost: Mapping[str, str] = {}
    """Why a worker was lost, by the check that it was at; those checks are not tried again."""
    tries: int = 0
    """How often a worker was lost without telling at which check."""


class Graded(Record):
    """How a learner's work came out."""

    state: State
    message: str = ""
    """Why there is no scorecard, and what would help."""
    files: Mapping[str, bytes] = {}
    """The learner's files by name; the one named `RESULT` is the record."""
    work: str = ""
    """What tells the work that was graded from others: a commit, or a stamp of the files."""
    submitted: str = ""
    """When it was handed in, where that is known; UTC, ISO 8601."""
    earned: str = ""
    possible: str = ""
    passed: bool | None = None
    record: bytes | None = None
    """What its checks saw, as an archive, where that was wished."""
    is_part: bool = False
    """Whether the record is of the checks alone that were asked again."""
