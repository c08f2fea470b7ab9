"""A private copy of a submission, for programs of the machine that read it by themselves."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed

MAX_COPY_BYTES = 1024 * 1024 * 1024


def copy_submission(workspace: Workspace, target: Path) -> None:
    """Copy all files of a submission, the starter's too; a link only if it stays inside, as a relative one.

    Files get the modes that they have after a checkout. Everybody may write to the folders, since containers do so as
    whoever they are.
    Raises `CheckFailed` for a submission that is too large, `NotAssessed` where the machine refuses.
    """
    top = os.path.realpath(workspace.folder)
    room = MAX_COPY_BYTES
    try:
        target.mkdir(parents=True)
        for path in workspace.all_files():
            source, place = os.path.join(top, path), target / path
            facts = os.lstat(source)
            if stat.S_ISLNK(facts.st_mode):
                _copy_link(source, place, top)
                continue
            room -= facts.st_size
            if room < 0:
                raise CheckFailed(
                    "The submission is too large to be run.",
                    Evidence.number(MAX_COPY_BYTES - room, f"at most {MAX_COPY_BYTES}", "bytes"),
                )
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place, follow_symlinks=False)
            os.chmod(place, 0o755 if facts.st_mode & stat.S_IXUSR else 0o644)
        open_folders(target)
    except OSError as error:
        raise NotAssessed(
            f"The submission cannot be copied: {error.strerror}.", "Check who owns it, and free space."
        ) from error


def open_folders(folder: Path) -> None:
    """Let everybody write to a folder and those in it."""
    for place, _, _ in os.walk(folder):
        os.chmod(place, 0o777)  # noqa: S103 - nobody but us can enter the folder that it lies in


def _copy_link(source: str, place: Path, top: str) -> None:
    real = os.path.realpath(source)
    if real != top and not real.startswith(top + os.sep):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.path.relpath(real, os.path.realpath(os.path.dirname(source))))
