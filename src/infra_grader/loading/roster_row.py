"""One row of a roster, from texts to a learner, with what is wrong in each of its cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from pathlib import Path

from infra_grader.errors import Problem
from infra_grader.loading.learner_id import id_problems
from infra_grader.model.record import Record
from infra_grader.model.roster import Learner

COLUMNS = ("id", "name", "email", "source", "ref", "due", "extension_hours", "submitted")
"""The columns that mean something; all others are passed through."""
TEXTS = ("id", "name", "email", "source", "ref")
"""Those that are texts of a learner too."""
LONGEST_DATE = len("2026-11-26")
YEARS = range(1970, 2200)
END_OF_DAY = time(23, 59, 59)
MAX_EXTENSION_HOURS = 24 * 366
ADDRESS = re.compile(r"(?:https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:(?!/)\S+")
"""Addresses of repositories: those that git fetches without a helper program of the address's own choice."""
SECRET = re.compile(
    r"\w+://[^/@\s]*:[^/@\s]*@|https?://(?:(?:gh[pousr]_|github_pat_|glpat-)[^/@\s]*|[^/@\s]{20,})@", re.IGNORECASE
)
"""Addresses with a password, or with a token in the place of a user's name, which no name of 20 letters or more is."""
REF = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\-][^\x00-\x20\x7f~^:?*\[\\]*")


class Reading(Record):
    """How the cells of a roster are to be understood."""

    folder: Path
    """The folder that sources which are paths are relative to."""
    zone: tzinfo | None = None
    """The time zone of dates that name none."""
    source: str = ""
    """Where the work of a learner is for whom the roster does not say it; `{id}`, `{email}` and other columns count."""


class Row(Record):
    """The texts of a row by the names of their columns."""

    cells: Mapping[str, str]
    line: int | None = None
    numbers: Mapping[str, int] = {}
    """Number of each column in the file, from 1."""
    place: str = ""
    """Where the row stands in a file that has no lines to tell."""

    def problem(self, column: str, message: str, allowed: str = "") -> Problem:
        """Return a fault of the cell in a column."""
        path = f"{self.place}.{column}".lstrip(".")
        return Problem(message, line=self.line, column=self.numbers.get(column), path=path, allowed=allowed)


def read_row(row: Row, reading: Reading) -> tuple[Learner, list[Problem]]:
    """Return the learner of a row, and every fault in it; with a fault, the learner is not to be used."""
    problems: list[Problem] = []
    cells = {column: row.cells.get(column, "").strip() for column in COLUMNS}
    problems += [row.problem("id", said, allowed) for said, allowed in id_problems(cells["id"])]
    source, said = _source(cells["source"] or _filled(reading.source, row.cells), reading.folder)
    problems += _work_problems(row, said, cells["ref"])
    due = _due(cells["due"], reading.zone)
    if isinstance(due, str):
        problems.append(row.problem("due", due, "such as 2026-11-26T23:59+01:00, or a date with --timezone"))
    submitted = _submitted(cells["submitted"], reading.zone)
    if isinstance(submitted, str):
        allowed = "such as 2026-11-26T23:59+01:00, or without the zone with --timezone"
        problems.append(row.problem("submitted", submitted, allowed))
    hours = _hours(cells["extension_hours"])
    if hours is None:
        problems.append(_no_hours(row, cells["extension_hours"]))
    learner = Learner(
        id=cells["id"],
        name=cells["name"],
        email=cells["email"],
        source=source,
        ref=cells["ref"],
        due=None if isinstance(due, str) else due,
        extension_hours=hours or Decimal(0),
        submitted=None if isinstance(submitted, str) else submitted,
        columns={column: text for column, text in row.cells.items() if column not in COLUMNS},
        line=row.line,
    )
    return learner, problems


def check_learner(learner: Learner, place: int, reading: Reading) -> tuple[Learner, list[Problem]]:
    """Return a learner that a plugin gave, by its place in the list, and every fault in it, as for a row of a file."""
    row = Row(cells={}, line=learner.line, place=f"[{place}]")
    if wrong := [name for name in TEXTS if not isinstance(getattr(learner, name), str)]:
        return learner, [row.problem(name, f"{getattr(learner, name)!r} is no text") for name in wrong]
    problems = [row.problem("id", said, allowed) for said, allowed in id_problems(learner.id)]
    cells = {**learner.columns, "id": learner.id, "name": learner.name, "email": learner.email}
    source, said = _source(learner.source or _filled(reading.source, cells), reading.folder)
    problems += _work_problems(row, said, learner.ref)
    for column in ("due", "submitted"):
        moment = getattr(learner, column)
        if isinstance(found := _moments(moment.isoformat() if moment else "", None), str):
            problems.append(row.problem(column, found, "a datetime with a time zone"))
    if _hours(str(learner.extension_hours)) is None:
        problems.append(_no_hours(row, str(learner.extension_hours)))
    return learner.replace(source=source), problems


def _work_problems(row: Row, said: str, ref: str) -> Iterator[Problem]:
    """Yield what is wrong with the place of the work, where something was said of it, and with its ref."""
    if said:
        yield row.problem("source", said, "a folder, an archive, or an https or ssh address")
    if ref and (not REF.fullmatch(ref) or ".." in ref):
        yield row.problem("ref", f"{ref!r} names no branch, tag or commit")


def _no_hours(row: Row, text: str) -> Problem:
    return row.problem(
        "extension_hours", f"{text!r} is no number of hours", f"a number from 0 to {MAX_EXTENSION_HOURS}"
    )


def _filled(pattern: str, cells: Mapping[str, str]) -> str:
    """Return a pattern with the row's texts in the place of `{column}`; one that the row lacks stays."""
    return re.sub(r"\{([^{}]+)\}", lambda match: cells.get(match[1], match[0]).strip() or match[0], pattern)


def _source(text: str, folder: Path) -> tuple[str, str]:
    """Return where the work is, absolute where it is a path, and what is wrong with it, or nothing."""
    if not text:
        return "", "nothing says where the work is"
    if SECRET.match(text):
        return "", "the address holds a password, which would be written down; git's credential helpers give it"
    if ADDRESS.fullmatch(text):
        return text, ""
    if "://" in text or "::" in text or text.startswith("-") or any(part in text for part in ("{", "}", "\0", "\n")):
        return "", f"{text[:80]!r} is no place that work can be fetched from"
    place = (folder / text).absolute()
    return str(place), "" if place.exists() else f"there is nothing at {text}"


def _due(text: str, zone: tzinfo | None) -> datetime | str | None:
    """Return when work is due, or what is wrong with what is said; a date means its end."""
    moments = _moments(text, zone)
    # Of a time that the clocks show twice, or never, the learner has the later one.
    return max(moments, key=datetime.timestamp) if isinstance(moments, tuple) else moments


def _submitted(text: str, zone: tzinfo | None) -> datetime | str | None:
    """Return when work was handed in, or what is wrong with what is said."""
    if 0 < len(text) <= LONGEST_DATE and not isinstance(_moments(text, UTC), str):
        return f"{text!r} names no time of day"  # any that we chose would be early for one learner and late for another
    moments = _moments(text, zone)
    return min(moments, key=datetime.timestamp) if isinstance(moments, tuple) else moments


def _moments(text: str, zone: tzinfo | None) -> tuple[datetime, ...] | str | None:
    """Return what a date or time can mean, or what is wrong with it: two moments where the clocks are put back."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return f"{text!r} is no date"
    if moment.year not in YEARS:
        return f"{text!r} is in no year of a course"
    if len(text) <= LONGEST_DATE:
        moment = datetime.combine(date.fromisoformat(text), END_OF_DAY)
    if moment.tzinfo is not None:
        return (moment,)
    if zone is None:
        return f"{text!r} names no time zone"
    return tuple(moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))


def _hours(text: str) -> Decimal | None:
    """Return a number of hours, or `None` for what is none."""
    try:
        hours = Decimal(text.replace(",", ".") or "0")
    except InvalidOperation:
        return None
    return hours if hours.is_finite() and 0 <= hours <= MAX_EXTENSION_HOURS else None
