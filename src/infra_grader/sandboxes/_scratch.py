"""Scratch folders of sandboxes: one home for each open sandbox, a folder in it for each run, nothing left behind."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from infra_grader.capabilities import home
from infra_grader.capabilities.sandbox import MIB, Job
from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed

PREFIX = "infra-grader-sandbox-"
MAX_COPY_BYTES = 256 * MIB


class Home(home.Home):
    """The scratch folder of one open sandbox."""

    def __init__(self) -> None:
        super().__init__(PREFIX)
        self._numbers = itertools.count(1)

    @contextmanager
    def run_folder(self, job: Job, owner: int | None) -> Iterator[RunFolder]:
        """Yield a folder with the job's copy of the submission, owned by this user; it is removed in the end."""
        place = self.folder / f"run-{next(self._numbers)}"
        work = place / "work"
        try:
            with _room_for(self.folder, job):
                work.mkdir(parents=True)
                _fill(work, job)
                if owner is not None:
                    _give_away(work, owner)
            yield RunFolder(work, f"{self.folder.name}-{place.name}")
        finally:
            home.remove(place)


class RunFolder(NamedTuple):
    """Where one program runs."""

    work: Path
    """The private copy of the submission."""
    name: str
    """Unique on this machine, for what else belongs to the run."""


def used_bytes(folder: Path, enough: int) -> int:
    """Return how much a folder holds on disk; stops counting when it is more than enough."""
    total = 0
    stack = [os.fspath(folder)]
    while stack and total <= enough:
        try:
            with os.scandir(stack.pop()) as entries:
                for entry in entries:
                    facts = entry.stat(follow_symlinks=False)
                    # Small files and empty folders cost as well: none counts for less than a quarter of a block.
                    total += max(facts.st_blocks * 512, 1024)
                    if entry.is_dir(follow_symlinks=False):
                        stack.append(entry.path)
        except OSError:  # gone in the meantime, or not readable
            continue
    return total


@contextmanager
def _room_for(folder: Path, job: Job) -> Iterator[None]:
    """Raise `NotAssessed` where the disk is too full for a job's copy, or for what its program may write.

    A program that finds the disk full would fail, and nobody could tell that it is not the learner's doing.
    """
    full = NotAssessed(
        f"There is too little space in {folder.parent} to run a program.",
        "Free some, or set TMPDIR to a folder with more.",
    )
    if shutil.disk_usage(folder).free < job.limits.disk_bytes:
        raise full
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise full from error


def _fill(work: Path, job: Job) -> None:
    if job.workspace is not None:
        _copy(job.workspace, work)
    for name, content in job.files.items():
        target = work.joinpath(*name.split("/"))
        if ".." in name.split("/") or not target.parent.resolve().is_relative_to(work.resolve()):
            raise CheckFailed(f"{name} cannot be added: the submission has a link there that leads out.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_bytes(content)


def _copy(workspace: Workspace, work: Path) -> None:
    """Copy the submission: regular files, and links as links, since inside they lead nowhere else."""
    room = MAX_COPY_BYTES
    for path in workspace.all_files():
        source, target = workspace.folder / path, work / path
        room -= source.lstat().st_size
        if room < 0:
            raise CheckFailed(
                "The submission is too large to be run.",
                Evidence.number(MAX_COPY_BYTES - room, f"at most {MAX_COPY_BYTES}", "bytes"),
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def _give_away(work: Path, owner: int) -> None:
    for folder, folders, files in os.walk(work):
        for name in [*folders, *files]:
            os.chown(os.path.join(folder, name), owner, owner, follow_symlinks=False)
    os.chown(work, owner, owner)
