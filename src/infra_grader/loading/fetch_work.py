"""The work of a learner on a roster, wherever the roster says it is, as a folder that is only read."""

from __future__ import annotations

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
        return Work(folder=unpack(place, folder, limits), submitted=learner.submitted)
    if is_folder and not os.path.lexists(place / ".git"):
        return Work(folder=place, submitted=learner.submitted)
    source = place.as_uri() if is_folder else learner.source
    repository = Repository(source, folder, command, limits)
    fetched = repository.fetch(
        commit or learner.ref, until=until if not (commit or learner.ref) else None, history=history
    )
    return Work(folder=folder, commit=fetched.commit, submitted=learner.submitted or fetched.committed)
