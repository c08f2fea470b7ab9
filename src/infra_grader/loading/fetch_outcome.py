"""What fetching a submission may take, and how it ends."""

from __future__ import annotations

from datetime import datetime

from infra_grader.model.record import Record

MIB = 1024 * 1024


class FetchLimits(Record):
    """How large a submission may be, and how long fetching it may take."""

    seconds: float = 120.0
    pack_bytes: int = 512 * MIB
    """For what comes over the wire, packed."""
    tree_bytes: int = 512 * MIB
    """For all files together."""
    files: int = 50_000


class Fetched(Record):
    """Which commit was fetched."""

    commit: str
    committed: datetime
    """When it was made, as its author's machine says: a claim."""


class FetchFailed(Exception):
    """A submission could not be fetched; `is_ours` where asking again may help, else the learner must do something."""

    def __init__(self, reason: str, remedy: str = "", *, is_ours: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.is_ours = is_ours
