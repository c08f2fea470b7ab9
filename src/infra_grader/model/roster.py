"""A roster: who is to be graded, and where their work is."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from infra_grader.model.record import Record


class Learner(Record):
    """One row of a roster."""

    id: str
    """Unique in the roster, and fit for the name of a folder."""
    name: str = ""
    email: str = ""
    source: str = ""
    """A folder or an archive, absolute, or the address of a repository."""
    ref: str = ""
    """Branch, tag or commit to grade; without one, the last commit before it is due, else the newest one."""
    due: datetime | None = None
    """Until when the work is in time, with its time zone, extension left out."""
    extension_hours: Decimal = Decimal(0)
    submitted: datetime | None = None
    """When the work was handed in, with its time zone, where the roster knows it."""
    columns: Mapping[str, str] = {}
    """The roster's other columns, passed through to the gradebook."""
    line: int | None = None
    """Where the row stands in the roster's file."""

    @property
    def deadline(self) -> datetime | None:
        """Until when the work is in time, extension counted; in UTC, where hours are hours whatever the clocks do."""
        if self.due is None:
            return None
        return self.due.astimezone(UTC) + timedelta(seconds=int(self.extension_hours * 3600))


class Roster(Record):
    """A class list, in the order of its file."""

    source: str
    """The file or folder that it was read from."""
    learners: tuple[Learner, ...]
    columns: tuple[str, ...] = ()
    """Names of the columns that are passed through, in their order."""
