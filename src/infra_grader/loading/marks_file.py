"""A file of people's marks, in YAML or as a table, with every problem of its form."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from infra_grader.errors import MarksError, Problem, RosterError
from infra_grader.loading.roster_table import Table, parse_table
from infra_grader.model.mark import Mark, Place
from infra_grader.model.record import Record
from infra_grader.reading.visible import unseen
from infra_grader.reading.yaml import Document, YamlError, read_document

KEYS = ("level", "points", "comment", "by", "at")
HEAD = {".by": "by", ".at": "at"}
"""Keys at the top that hold for every mark of the file; no id of a learner or a check begins with a dot."""
COLUMNS = ("learner", "check", *KEYS)
TABLES = (".csv", ".tsv", ".txt")
MAX_BYTES = 16 * 1024 * 1024
MAX_COMMENT, MAX_NAME = 2000, 100
_Texts = Mapping[str, str]
WHOLE = re.compile(r"[0-9]{1,6}")
NUMBER = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,9})?")


class Marks(Record):
    """What a file of marks holds."""

    source: str
    marks: tuple[Mark, ...]
    problems: tuple[Problem, ...] = ()
    """What is wrong with its form; with any, the marks are not to be given."""
    empty: int = 0
    """Rows that nobody has filled in, as those of a template."""


def read_marks(path: Path, learner: str = "") -> Marks:
    """Return the marks in a file: a table where its name ends in .csv, .tsv or .txt, else YAML.

    `learner` is who the marks are for where the file need not say it, as it is for a single result. Raises
    `MarksError` for a file of which nothing can be read.
    """
    reader = _Reader()
    if path.suffix.lower() in TABLES:
        try:
            table = parse_table(path)
        except RosterError as error:
            raise MarksError(error.source, *error.problems) from error
        reader.read_table(table, learner)
    else:
        reader.read_document(_document(path), learner)
    return Marks(source=str(path), marks=tuple(reader.marks), problems=tuple(reader.problems), empty=reader.empty)


def _document(path: Path) -> Document:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise MarksError(str(path), Problem(f"it cannot be read: {error.strerror}")) from error
    if len(content) > MAX_BYTES:
        raise MarksError(str(path), Problem(f"it is larger than {MAX_BYTES // 1024 // 1024} MiB"))
    try:
        document = read_document(content)
    except YamlError as error:
        raise MarksError(str(path), Problem(error.message, error.line, error.column)) from error
    if not isinstance(document.data, dict):
        raise MarksError(str(path), Problem("it is no mapping", 1, 1, allowed="learner: {check: {level: 4}}"))
    return document


class _Reader:
    """Collects marks and problems."""

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self.problems: list[Problem] = []
        self.empty = 0
        self._seen: dict[tuple[str, str], Place] = {}

    def read_document(self, document: Document, learner: str) -> None:
        head: dict[str, Any] = {}
        for key, value in document.data.items():
            if key.startswith("."):
                if key in HEAD:
                    head[HEAD[key]] = value
                else:
                    self._fault(f"the key {key!r} is not known here", _key(document, key), key, ", ".join(HEAD))
        heads = self._texts(head, {name: _value(document, f".{name}") for name in head}, "")
        rows = {key: value for key, value in document.data.items() if not key.startswith(".")}
        if learner and not _is_by_learner(rows):
            self._checks(document, (), learner, rows, heads)
            return
        for name, checks in rows.items():
            if isinstance(checks, dict):
                self._checks(document, (name,), name, checks, heads)
            elif checks is not None:
                self._fault("it is no mapping of checks", _value(document, name), name, "{check: {level: 4}}")

    def _checks(
        self,
        document: Document,
        above: tuple[str, ...],
        learner: str,
        checks: Mapping[str, Any],
        heads: _Texts,
    ) -> None:
        for check, said in checks.items():
            path = (*above, check)
            where = ".".join(path)
            if said is None:
                self.empty += 1
                continue
            if not isinstance(said, dict):
                self._fault("it is no mapping", _value(document, *path), where, "{level: 4} or {points: 3.5}")
                continue
            for key in said.keys() - {*KEYS}:
                self._fault(f"the key {key!r} is not known here", _key(document, *path, key), where, ", ".join(KEYS))
            self._take(
                {key: value for key, value in said.items() if key in KEYS and value is not None},
                {key: _value(document, *path, key) for key in said},
                Mark(
                    learner=learner,
                    check=check,
                    learner_place=_key(document, *(above or path)),
                    check_place=_key(document, *path),
                ),
                heads,
            )

    def read_table(self, table: Table, learner: str) -> None:
        needed = COLUMNS[1:] if learner else COLUMNS
        for name in (needed[0], "check"):
            if name not in table.header:
                self._fault(f"there is no column {name}", Place(line=1, column=1), "", ", ".join(COLUMNS))
        for number, name in enumerate(table.header, start=1):
            if name in table.header[: number - 1] or name not in COLUMNS:
                said = "is there twice" if name in COLUMNS else "is not known here"
                self._fault(f"the column {name!r} {said}", Place(line=1, column=number), "", ", ".join(COLUMNS))
        if self.problems:
            return
        for line, cells in table.rows:
            if len(cells) != len(table.header):
                message = f"the row has {len(cells)} cells, the header {len(table.header)}"
                self._fault(message, Place(line=line, column=1), "")
                continue
            places = {name: Place(line=line, column=number) for number, name in enumerate(table.header, start=1)}
            row = {name: cell.strip() for name, cell in zip(table.header, cells, strict=True) if cell.strip()}
            mark = Mark(
                learner=row.pop("learner", learner),
                check=row.pop("check", ""),
                learner_place=places.get("learner", places["check"]),
                check_place=places["check"],
            )
            self._take({key: _number(key, text) for key, text in row.items()}, places, mark, {})

    def _take(self, said: Mapping[str, Any], places: Mapping[str, Place], mark: Mark, heads: _Texts) -> None:
        """Add the mark that a row states, or what is wrong with it."""
        where = f"{mark.learner}.{mark.check}"
        first = self._seen.setdefault((mark.learner, mark.check), mark.check_place)
        if first is not mark.check_place:
            self._fault(f"this check is marked twice, first in line {first.line}", mark.check_place, where)
        if not said:
            self.empty += 1
            return
        before = len(self.problems)
        given = [key for key in ("level", "points") if key in said]
        if len(given) != 1:
            message = "it gives both a level and points" if given else "it gives neither a level nor points"
            self._fault(message, mark.check_place, where, "one of them")
            given = given[:1]
        for key in given:
            for message, allowed in _value_faults(key, said[key]):
                self._fault(message, places[key], f"{where}.{key}", allowed)
        texts = self._texts(said, places, where)
        if len(self.problems) > before:
            return
        level, points = said.get("level"), said.get("points")
        self.marks.append(
            mark.replace(
                level=level,
                points=None if points is None else Decimal(str(points)),
                comment=texts.get("comment", ""),
                by=texts.get("by", heads.get("by", "")),
                at=texts.get("at", heads.get("at", "")),
                value_place=places[given[0]],
            )
        )

    def _texts(self, said: Mapping[str, Any], places: Mapping[str, Place], where: str) -> dict[str, str]:
        """Return the comment, the name and the time, of those that are said and sound."""
        texts: dict[str, str] = {}
        for key in ("comment", "by", "at"):
            if key not in said:
                continue
            faults = list(_text_faults(key, said[key]))
            for message in faults:
                self._fault(message, places[key], f"{where}.{key}".lstrip("."))
            if not faults:
                texts[key] = "\n".join(said[key].strip().splitlines())
        return texts

    def _fault(self, message: str, place: Place, path: str, allowed: str = "") -> None:
        self.problems.append(Problem(message, line=place.line, column=place.column, path=path, allowed=allowed))


def _is_by_learner(rows: Mapping[str, Any]) -> bool:
    """Whether a file has a level of learners: the values of a mark are no mappings, those of a learner are."""
    return any(isinstance(inner, dict) for row in rows.values() if isinstance(row, dict) for inner in row.values())


def _number(key: str, text: str) -> Any:
    """Return a cell as YAML would have it: a number where one is expected and there."""
    if key == "level" and WHOLE.fullmatch(text):
        return int(text)
    if key == "points" and NUMBER.fullmatch(text):
        return Decimal(text.replace(",", "."))
    return text


def _value_faults(key: str, value: object) -> Iterator[tuple[str, str]]:
    if key == "level":
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"{value!r} is no level", "a whole number"
        return
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        yield f"{value!r} is no number of points", "a number such as 3.5"
    elif value < 0:
        yield f"{value} points are less than none", "0 or more"
    elif Decimal(str(value)) != round(Decimal(str(value)), 2):
        yield f"{value} points are finer than a hundredth", "at most two decimals"


def _text_faults(key: str, value: object) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{value!r} is no text; put it in quotes"
        return
    longest = MAX_COMMENT if key == "comment" else MAX_NAME
    shown = value.strip()
    if len(shown) > longest:
        yield f"it has {len(shown)} characters; {longest} are allowed"
    hidden = shown if key != "comment" else re.sub(r"[\n\r\t]", "", shown)
    if found := unseen().search(hidden):
        yield f"it holds the character U+{ord(found[0]):04X}, which cannot be seen"
    elif key == "at" and not _is_moment(shown):
        yield f"{shown!r} is no date or time such as 2026-11-26T17:04+01:00"


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _key(document: Document, *path: str) -> Place:
    return Place(**document.key_place(path)._asdict())


def _value(document: Document, *path: str) -> Place:
    return Place(**document.place(path)._asdict())
