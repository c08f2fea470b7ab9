"""Rosters that are folders: a submission for each folder or archive in it."""

from __future__ import annotations

from pathlib import Path

from infra_grader.errors import Problem, RosterError
from infra_grader.loading.roster_row import Row

ARCHIVES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar", ".zip")
"""Endings of the archives that can be unpacked."""


def read_folder(folder: Path) -> list[Row]:
    """Return a row for each folder and archive in a folder, by name. Raises `RosterError` where there is none.

    An archive's id is its name without the ending. What begins with a dot, other files and links are passed over.
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise RosterError(str(folder), Problem(f"it cannot be listed: {error.strerror}")) from error
    rows = [
        Row(cells={"id": learner_id, "source": entry.name})
        for entry in entries
        if not entry.name.startswith(".") and not entry.is_symlink() and (learner_id := _id(entry))
    ]
    if not rows:
        allowed = f"a folder for each learner, or an archive ({', '.join(ARCHIVES)})"
        raise RosterError(str(folder), Problem("it holds no submissions", allowed=allowed))
    return rows


def _id(entry: Path) -> str:
    """Return whose work an entry holds, or nothing if it is none."""
    if entry.is_dir():
        return entry.name
    ending = next((ending for ending in ARCHIVES if entry.name.lower().endswith(ending)), "")
    return entry.name[: -len(ending)] if ending and entry.is_file() else ""
