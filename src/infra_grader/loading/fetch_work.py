"""The work of a learner on a roster, wherever the roster says it is, as a folder that is only read."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path

from infra_grader.capabilities.command import Command
from infra_grader.loading.fetch_archive import unpack
from infra_grader.loading.fetch_outcome import FetchFailed, FetchLimits
from infra_grader.loading.fetch_repository import Repository
from infra_grader.loading.roster_row import ADDRESS
from infra_grader.model.record import Record
from infra_grader.model.roster import Learner


class Work(Record):
    """A learner's work, ready to be graded."""

    folder: Path
    stamp: str
    """What tells this work from others of the same learner: its commit, or a digest of names, sizes and times."""
    commit: str | None = None
    """Full id of the commit that was fetched; nothing for a folder or an archive without a repository."""
    submitted: datetime | None = None
    """When it was handed in: as the roster says, else the time of its commit, which is what its author's machine
    said."""


def fetch_work(
    learner: Learner,
    folder: Path,
    command: Command,
    *,
    commit: str = "",
    until: datetime | None = None,
    history: bool = False,
    limits: FetchLimits | None = None,
) -> Work:
    """Fetch a learner's work into a new folder, or return where it lies.

    A repository, also one on this machine, is read at one commit: `commit` if given, else what the roster's `ref`
    names, else its newest one, or the last one `until` a moment. `history` takes its past along. An archive is
    unpacked; a folder without a repository stays where it is. Raises `FetchFailed`.
    """
    place = Path(learner.source)
    is_folder = not ADDRESS.fullmatch(learner.source)
    if is_folder and not place.exists():
        raise FetchFailed(f"There is nothing at {learner.source}.", "Look at the roster's source.", is_ours=True)
    if is_folder and place.is_file():
        return Work(folder=unpack(place, folder, limits), stamp=_stamp(place), submitted=learner.submitted)
    if is_folder and not os.path.lexists(place / ".git"):
        return Work(folder=place, stamp=_stamp(place), submitted=learner.submitted)
    source = place.as_uri() if is_folder else learner.source
    repository = Repository(source, folder, command, limits)
    fetched = repository.fetch(
        commit or learner.ref, until=until if not (commit or learner.ref) else None, history=history
    )
    submitted = learner.submitted or fetched.committed
    return Work(folder=folder, stamp=fetched.commit, commit=fetched.commit, submitted=submitted)


def _stamp(place: Path) -> str:
    """Return a digest of the names, sizes and times of an archive, or of a folder's files."""
    digest = hashlib.sha256()
    files = (
        [place] if place.is_file() else [Path(parent, name) for parent, _, names in os.walk(place) for name in names]
    )
    for file in sorted(files):
        facts = file.lstat()
        name = os.fsencode(file.relative_to(place))
        digest.update(b"%s\0%d\0%d\0" % (name, facts.st_size, facts.st_mtime_ns))
    return f"files:{digest.hexdigest()[:40]}"
