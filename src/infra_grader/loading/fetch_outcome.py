"""What fetching a submission may take, and how it ends."""

from __future__ import annotations

import errno
import os
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from infra_grader.model.record import Record

MIB = 1024 * 1024
FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
BUSY = frozenset({errno.EMFILE, errno.ENFILE})
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
OURS = FULL | BUSY | FORBIDDEN | {errno.EROFS, errno.EIO}
"""What the system refuses for reasons of this machine, whatever the learner handed in."""


class FetchLimits(Record):
    """How large a submission may be, and how long fetching it may take."""

    seconds: float = 120.0
    pack_bytes: int = 512 * MIB
    """For what comes over the wire, packed."""
    tree_bytes: int = 512 * MIB
    """For all files together."""
    files: int = 50_000


class Extras(Record):
    """What is fetched beside the files of a repository's own commit, if it is asked for."""

    submodules: bool = False
    lfs: bool = False


class TreeEntry(NamedTuple):
    """A file, a link or a submodule in a commit."""

    mode: str
    id: str
    """Of a submodule, the commit that is wanted of it."""
    size: int
    """Bytes; 0 for a submodule."""
    path: str
    """With forward slashes; hostile."""

    @property
    def is_submodule(self) -> bool:
        """Whether another repository has its place there."""
        return self.mode == "160000"

    @property
    def is_file(self) -> bool:
        """Whether it is a file, and no link."""
        return self.mode.startswith("100")


class Fetched(Record):
    """Which commit was fetched."""

    commit: str
    committed: datetime
    """When it was made, as its author's machine says: a claim."""
    tree: tuple[TreeEntry, ...] = ()
    """What it holds."""


class FetchFailed(Exception):
    """A submission could not be fetched; `is_ours` where asking again may help, else the learner must do something."""

    def __init__(self, reason: str, remedy: str = "", *, is_ours: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.is_ours = is_ours


def our_fault(error: OSError, folder: Path) -> FetchFailed:
    """Return what the system refused while work was put into `folder`, as a failure of ours with what would help."""
    said = error.strerror or str(error)
    if error.errno in FULL:
        remedy = "Make room there, or name another folder with TMPDIR, and grade again."
        return FetchFailed(f"The folder {folder} is full: {said}.", remedy, is_ours=True)
    if error.errno in BUSY:
        remedy = "Grade fewer at a time, or raise the limit (`ulimit -n`)."
        return FetchFailed(f"Too many files are open on this machine: {said}.", remedy, is_ours=True)
    place = error.filename or folder
    return FetchFailed(f"{place} cannot be used: {said}.", "Look at its permissions and its disk.", is_ours=True)


def our_fault_in(text: str, folder: Path) -> FetchFailed | None:
    """Return a fault of this machine's disk that a program spoke of, or nothing; what a server said is none of ours.

    The program must speak English. That it lacks a permission may be said of a server, and is not looked for.
    """
    lines = [line for line in text.splitlines() if not line.startswith("remote:")]
    for code in sorted(OURS - FORBIDDEN):
        if any(os.strerror(code) in line for line in lines):
            return our_fault(OSError(code, os.strerror(code)), folder)
    return None
