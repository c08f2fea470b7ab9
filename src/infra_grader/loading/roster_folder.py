"""Rosters that are folders: a submission for each folder or archive in it."""

from __future__ import annotations

import stat
from pathlib import Path

from infra_grader.errors import Problem, RosterError
from infra_grader.loading.roster_row import Row

ARCHIVES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar", ".zip")
"""Endings of the archives that can be unpacked."""
JOURNAL, JOURNAL_LOCK = "journal.sqlite", "journal.lock"
"""What a batch keeps in its own folder; `engine.journal` writes them."""
SQLITE = b"SQLite format 3\0"
MARK_AT = 68
MARK = (0x1FAC6ADE).to_bytes(4, "big")
"""What a database of ours has at that place of its header."""
UNMARKED = bytes(4)
"""What it has there while the first batch runs, and its beginning is in SQLite's log yet."""


def read_folder(folder: Path) -> list[Row]:
    """Return a row for each folder and archive in a folder, by name. Raises `RosterError` where there is none.

    An archive's id is its name without the ending. What begins with a dot, other files, links and the folders that
    batches write to are passed over.
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
        return "" if _is_of_a_batch(entry) else entry.name
    ending = next((ending for ending in ARCHIVES if entry.name.lower().endswith(ending)), "")
    return entry.name[: -len(ending)] if ending and entry.is_file() else ""


def _is_of_a_batch(folder: Path) -> bool:
    """Whether a folder holds the journal of a batch, and not just a database of that name."""
    journal = folder / JOURNAL
    try:
        if not stat.S_ISREG(journal.lstat().st_mode):
            return False
        with journal.open("rb") as file:
            head = file.read(MARK_AT + len(MARK))
    except OSError:  # there is none, or the folder is not ours to read
        return False
    mark = head[MARK_AT:]
    return head.startswith(SQLITE) and (mark == MARK or (mark == UNMARKED and (folder / JOURNAL_LOCK).is_file()))
