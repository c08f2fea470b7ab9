"""The journal of a batch: what has been graded so far, kept so that no crash loses or repeats a finished submission.

It is a SQLite database in WAL mode. Rows are only ever added: the newest one of a learner counts, the ones before are
its history. A row is on the disk when `add` returns. The lock beside it says who is at work; locks end with their
process, however it ends.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec

from infra_grader.errors import JournalError
from infra_grader.model.gradebook import State
from infra_grader.model.record import Record

NAME = "journal.sqlite"
LOCK = "journal.lock"
VERSION = 1
"""Of the tables; a journal of a newer one is left alone."""
APPLICATION = 0x1FAC6ADE
"""What marks a SQLite database as ours (`PRAGMA application_id`)."""
BUSY_S = 10.0
PAGES_KIB = 256
"""What a reader keeps of the file in memory: records are read once each, in turn."""
TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
    number INTEGER PRIMARY KEY,
    learner TEXT NOT NULL,
    at TEXT NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    rubric TEXT NOT NULL,
    work TEXT NOT NULL,
    submitted TEXT NOT NULL,
    earned TEXT NOT NULL,
    possible TEXT NOT NULL,
    message TEXT NOT NULL
);
CREATE INDEX entries_of_learner ON entries (learner, number);
CREATE TABLE results (number INTEGER PRIMARY KEY REFERENCES entries, record BLOB NOT NULL);
"""
ADD = """
INSERT INTO entries (learner, at, cause, state, rubric, work, submitted, earned, possible, message)
VALUES (:learner, :at, :cause, :state, :rubric, :work, :submitted, :earned, :possible, :message)
"""
NEWEST = "SELECT * FROM entries WHERE number IN (SELECT max(number) FROM entries GROUP BY learner)"
NEWEST_OF = "SELECT * FROM entries WHERE learner = ? ORDER BY number DESC LIMIT 1"
HISTORY = "SELECT * FROM entries WHERE :learner IN ('', learner) ORDER BY number"


class Entry(Record):
    """One event of a submission, and what it is worth since."""

    learner: str
    cause: str
    """Why it was added, such as `batch`, `regrade`, `mark by grace`."""
    state: State
    at: str = ""
    """UTC, ISO 8601; filled in when it is added."""
    rubric: str = ""
    """Digest of what it was graded by: the rubric, and the options that make a score where any were given."""
    work: str = ""
    """What was graded: a commit, or a digest of the files."""
    submitted: str = ""
    """When the work was handed in, where that is known; UTC, ISO 8601."""
    earned: str = ""
    possible: str = ""
    """The score as the scorecard says it, in points."""
    message: str = ""
    """Why there is no scorecard, and what would help."""
    number: int = 0
    """Order of the entries; filled in when it is added."""


class Journal:
    """An open journal. Close it in the end; use it in the thread that opened it."""

    def __init__(self, folder: Path, *, to_read: bool = False) -> None:
        """Open the journal in a folder: to write, as nobody else may then, or only `to_read`, beside who writes.

        One that is not there is begun, unless it is to be read. Raises `JournalError` if another run is at work there,
        or if the file is damaged, of a newer version or no journal; it is left as it is then.
        """
        self._path = folder / NAME
        with ExitStack() as opening, _told(self._path):
            if not to_read:
                folder.mkdir(parents=True, exist_ok=True)
                opening.callback(_locked(folder / LOCK).close)
            elif not self._path.is_file():
                raise JournalError(str(folder), "no batch has been graded here", "Name the folder that --out named.")
            self._database = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)
            self._database.row_factory = sqlite3.Row
            opening.callback(self._database.close)
            self._prepare(to_read=to_read)
            self._closing = opening.pop_all()

    def _prepare(self, *, to_read: bool) -> None:
        if self._path.stat().st_size:
            _check(self._path, self._database)
        if to_read:
            self._database.execute("PRAGMA query_only = ON")
            self._database.execute(f"PRAGMA cache_size = -{PAGES_KIB}")
            if not self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise JournalError(str(self._path), "it is empty", "Restore it from a copy, or grade the class.")
            return
        # FULL: what was added is on the disk before the next submission is begun.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        if not self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            with self._transaction():
                for statement in TABLES.split(";"):
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA application_id = {APPLICATION}")
                self._database.execute(f"PRAGMA user_version = {VERSION}")

    @property
    def facts(self) -> Mapping[str, str]:
        """What holds for the whole batch, by name."""
        with _told(self._path):
            return dict(self._database.execute("SELECT name, value FROM facts").fetchall())

    def fact(self, name: str) -> str:
        """Return one thing that holds for the whole batch, or an empty text where nothing was set."""
        with _told(self._path):
            row = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
            return "" if row is None else str(row["value"])

    def set_fact(self, name: str, value: str) -> None:
        """Set something that holds for the whole batch."""
        with _told(self._path), self._transaction():
            self._database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def add(self, entry: Entry, result: bytes | None = None) -> Entry:
        """Add an entry, with the record of its scorecard; both are on the disk when this returns. Returns it as added.

        Raises `JournalError` where that cannot be, such as on a full disk; nothing of it is there then.
        """
        added = entry.replace(at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        with _told(self._path), self._transaction():
            number = self._database.execute(ADD, msgspec.structs.asdict(added)).lastrowid
            if result is not None:
                self._database.execute("INSERT INTO results VALUES (?, ?)", (number, zlib.compress(result)))
        return added.replace(number=number)

    def newest(self) -> dict[str, Entry]:
        """Return the newest entry of each learner, by id."""
        with _told(self._path):
            return {entry.learner: entry for entry in map(_entry, self._database.execute(NEWEST))}

    def newest_of(self, learner: str) -> Entry | None:
        """Return the newest entry of a learner, or nothing if there is none."""
        with _told(self._path):
            row = self._database.execute(NEWEST_OF, (learner,)).fetchone()
            return None if row is None else _entry(row)

    def history(self, learner: str = "") -> list[Entry]:
        """Return the entries of a learner, or of all, from the first one on."""
        with _told(self._path):
            return [_entry(row) for row in self._database.execute(HISTORY, {"learner": learner})]

    def result(self, number: int) -> bytes | None:
        """Return the record that was added with an entry, or nothing if there was none."""
        with _told(self._path):
            row = self._database.execute("SELECT record FROM results WHERE number = ?", (number,)).fetchone()
            return None if row is None else zlib.decompress(row["record"])

    def close(self) -> None:
        """Close it, and let others at it."""
        self._closing.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:  # commits, or rolls back where something is raised
            yield


def _check(path: Path, database: sqlite3.Connection) -> None:
    """Raise `JournalError` for a database that is damaged, of another program, or of a newer version of this one."""
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and application != APPLICATION:
        raise JournalError(str(path), "it is no journal of infra-grader", "Choose another folder with --out.")
    if version > VERSION:
        raise JournalError(
            str(path),
            f"it was written by a newer version ({version}, this one knows {VERSION})",
            "Upgrade infra-grader.",
        )
    (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise _damaged(path, str(found))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what goes wrong with the file into a `JournalError`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        said = str(error)
        if "locked" in said or "busy" in said:
            raise JournalError(str(path), "another program uses it", "End that one, and run again.") from error
        remedy = "Free some space or look at its permissions, and run again: what is finished stays finished."
        raise JournalError(str(path), f"it cannot be written or read: {said}", remedy) from error
    except (sqlite3.DatabaseError, zlib.error) as error:
        raise _damaged(path, str(error)) from error
    except OSError as error:
        said = error.strerror or str(error)
        raise JournalError(str(path), f"it cannot be opened: {said}", "Choose another folder with --out.") from error


def _damaged(path: Path, said: str) -> JournalError:
    remedy = "Restore it from a copy, or move it away to grade all anew; the results beside it are still whole."
    return JournalError(str(path), f"it is damaged: {said}", remedy)


def _entry(row: sqlite3.Row) -> Entry:
    return msgspec.convert(dict(row), Entry)


def _locked(path: Path) -> IO[str]:
    """Return the open lock of a folder, with who holds it written inside. Raises `JournalError` if another does."""
    if os.name != "posix":
        return path.open("a+", encoding="utf-8")  # SQLite's own locks keep two writers apart there
    import fcntl

    lock = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        owner = lock.read(200).strip() or "another run"
        lock.close()
        raise JournalError(str(path.parent), f"{owner} is at work here", "Wait for it to end, or end it.") from error
    lock.truncate(0)
    lock.write(f"process {os.getpid()} on {os.uname().nodename}")
    lock.flush()
    return lock
