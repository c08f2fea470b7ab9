"""The work of a learner on a roster, wherever the roster says it is, as a folder that is only read."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from infra_grader.capabilities.command import Command
from infra_grader.loading.fetch_archive import unpack
from infra_grader.loading.fetch_extras import fetch_extras, unfetched_extras
from infra_grader.loading.fetch_folder import check_own_repository
from infra_grader.loading.fetch_git import Git
from infra_grader.loading.fetch_outcome import Extras, FetchFailed, FetchLimits, our_fault
from infra_grader.loading.fetch_repository import Repository
from infra_grader.loading.roster_row import ADDRESS
from infra_grader.model.record import Record
from infra_grader.model.roster import Learner

NO_EXTRAS = Extras()


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
    notices: tuple[str, ...] = ()
    """What of it could not be fetched though it was asked for, and why."""


def fetch_work(
    learner: Learner,
    folder: Path,
    command: Command,
    *,
    commit: str = "",
    until: datetime | None = None,
    history: bool = False,
    limits: FetchLimits | None = None,
    extras: Extras = NO_EXTRAS,
) -> Work:
    """Fetch a learner's work into a new folder, or return where it lies.

    A repository, also one on this machine, is read at one commit: `commit` if given, else what the roster's `ref`
    names, else its newest one, or the last one `until` a moment. `history` takes its past along, `extras` what it keeps
    elsewhere. An archive is unpacked; a folder without a repository stays where it is. Raises `FetchFailed`, also where
    a folder's repository lies elsewhere, and one of ours for what this machine cannot read or write.
    """
    try:
        if (work := _without_git(learner, folder, limits)) is not None:
            return work.replace(notices=unfetched_extras(work.folder, extras))
        repository = Repository(Git(_address(learner.source), folder, command, limits or FetchLimits()))
        ref = commit or learner.ref
        fetched = repository.fetch(ref, until=None if ref else until, history=history)
        notices = fetch_extras(repository.git, fetched, extras)
    except OSError as error:
        raise our_fault(error, folder) from error
    submitted = learner.submitted or fetched.committed
    return Work(folder=folder, stamp=fetched.commit, commit=fetched.commit, submitted=submitted, notices=notices)


def _without_git(learner: Learner, folder: Path, limits: FetchLimits | None) -> Work | None:
    """Return the work of an archive or of a folder without a repository, or nothing where there is one to fetch."""
    if ADDRESS.fullmatch(learner.source):
        return None
    place = Path(learner.source)
    if not place.exists():
        raise FetchFailed(f"There is nothing at {learner.source}.", "Look at the roster's source.", is_ours=True)
    if place.is_file():
        return Work(folder=unpack(place, folder, limits), stamp=_stamp(place), submitted=learner.submitted)
    if not _has_git(place):
        return Work(folder=place, stamp=_stamp(place), submitted=learner.submitted)
    return None


def _address(source: str) -> str:
    """Return what git fetches from. Raises `FetchFailed` for a folder whose repository is not its own."""
    if not ADDRESS.fullmatch(source):
        check_own_repository(Path(source))
        return Path(source).as_uri()
    if source.startswith("file://") and _has_git(place := Path(url2pathname(urlsplit(source).path))):
        check_own_repository(place)
    return source


def _has_git(place: Path) -> bool:
    try:
        (place / ".git").lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


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
