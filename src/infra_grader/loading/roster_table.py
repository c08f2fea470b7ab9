"""Rosters as tables: our own CSV, and the exports of Canvas' gradebook and Moodle's grading worksheet."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from infra_grader.errors import Problem, RosterError
from infra_grader.loading.roster_row import COLUMNS, Row

MAX_BYTES = 16 * 1024 * 1024
MAX_ROWS = 20_000
DELIMITERS = ",;\t"
CANVAS = ("Student", "ID", "Section")
"""What Canvas' importer wants a header to hold (`gradebook_importer.rb`)."""
CANVAS_NO_LEARNERS = re.compile(r"\s*(?:Points Possible\b.*|Student, Test|)\s*")
"""First cells of the rows of an export that stand for no learner."""
MOODLE_PARTICIPANT = re.compile(r"\D+\s?(\d+)")
"""The identifier of a row: the word for a participant, in the language of the site, and a number."""
MOODLE = ("Identifier", "Grade", "Last modified (grade)")
NAMES = {
    "canvas": {"name": ("Student",), "id": ("SIS Login ID", "SIS User ID", "ID")},
    "moodle": {"name": ("Full name",), "email": ("Email address",), "id": ("Username", "ID number", "Identifier")},
}
"""Columns of exports that hold what ours do; the first that is there and filled in counts."""


class Table:
    """A table of texts, with the line that each row begins at."""

    def __init__(self, header: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]]) -> None:
        self.header = [name.strip() for name in header]
        self.rows = rows

    @property
    def form(self) -> str:
        """Which program has written it: `canvas`, `moodle`, or nothing for our own."""
        if self.header and self.header[0] == CANVAS[0] and all(name in self.header for name in CANVAS):
            return "canvas"
        if all(name in self.header for name in MOODLE):
            return "moodle"
        return ""


def read_table(path: Path) -> tuple[list[Row], list[str], list[Problem]]:
    """Return the rows of a table, the columns that are passed through, and what is wrong with its form.

    Raises `RosterError` for a file that is no table at all.
    """
    table = parse_table(path)
    problems = list(_header_problems(table))
    rows = []
    for line, cells in table.rows:
        if len(cells) != len(table.header):
            message = f"the row has {len(cells)} cells, the header {len(table.header)}"
            problems.append(Problem(message, line=line))
            continue
        row = Row(
            cells=dict(zip(table.header, cells, strict=True)),
            line=line,
            numbers={name: number for number, name in enumerate(table.header, 1)},
        )
        if table.form:
            if table.form == "canvas" and CANVAS_NO_LEARNERS.fullmatch(cells[0]):
                continue
            row = _translated(row, table.form)
        rows.append(row)
    return rows, [name for name in table.header if name not in COLUMNS], problems


def parse_table(path: Path) -> Table:
    """Return the table in a file of comma, semicolon or tab separated values. Raises `RosterError`."""
    text = _text(path)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, Sequence[str]]] = []
    before = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((before + 1, cells))
            before = reader.line_num
            if len(rows) > MAX_ROWS:
                raise RosterError(str(path), Problem(f"it has more than {MAX_ROWS} rows"))
    except csv.Error as error:
        raise RosterError(str(path), Problem(f"it is no table: {error}", line=reader.line_num)) from error
    if not rows:
        raise RosterError(str(path), Problem("it is empty", allowed="a header with the column id, and a row a learner"))
    return Table(rows[0][1], rows[1:])


def _text(path: Path) -> str:
    """Return the text of a file, in UTF-8 or, as its first bytes tell, in UTF-16. Raises `RosterError`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RosterError(str(path), Problem(f"it cannot be read: {error.strerror}")) from error
    if len(content) > MAX_BYTES:
        raise RosterError(str(path), Problem(f"it is larger than {MAX_BYTES // 1024 // 1024} MiB"))
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = "it is not in UTF-8"
        raise RosterError(str(path), Problem(message, line=line, allowed="a file saved as CSV UTF-8")) from error


def _header_problems(table: Table) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, name in enumerate(table.header, 1):
        if name and name in seen:
            yield Problem(f"two columns have the name {name!r}", line=1, column=number)
        seen.add(name)
    if not table.form and "id" not in seen:
        yield Problem("there is no column id", line=1, allowed=f"the columns {', '.join(COLUMNS)}, and any others")


def _translated(row: Row, form: str) -> Row:
    """Return a row of an export with our columns added, each from the first of its own that says something."""
    found: dict[str, str] = {}
    for column, names in NAMES[form].items():
        name = next((name for name in names if row.cells.get(name, "").strip()), names[0])
        found[column] = row.cells.get(name, "").strip()
        if form == "moodle" and name == "Identifier" and (match := MOODLE_PARTICIPANT.fullmatch(found[column])):
            found[column] = match[1]
    cells: Mapping[str, str] = {**found, **{name: text for name, text in row.cells.items() if name not in found}}
    return row.replace(cells=cells)
