"""The gradebook for Canvas: its own export with the points filled in, or, without one, the least that it imports.

What its importer reads is in its `gradebook_importer.rb`: learners by ID, SIS User ID and SIS Login ID, assignments by
the number in brackets, then by title; one that it does not know it offers to create.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TextIO

from infra_grader.errors import ExportError, Problem
from infra_grader.model.gradebook import Gradebook
from infra_grader.reports._cells import safe
from infra_grader.reports._fill import Blank, fill
from infra_grader.reports._left_out import LeftOut, reason_to_leave_out
from infra_grader.reports._recognise import Identity, folded, identities_of
from infra_grader.reports._sheet import Sheet, number_of, open_sheet
from infra_grader.reports._text import line, number
from infra_grader.reports.gradebook_format import Export, GradebookFormat, GradebookOptions, Notes

EXPECTED = "Student or LastName,FirstName first, then ID, and Section before the assignments"
IDENTITIES = ("SIS Login ID", "SIS User ID", "ID", "Integration ID")
NUMBERED = re.compile(r"(.*?)\s*\((\d+)\)")
POINTS_POSSIBLE = "Points Possible"
READ_ONLY = "(read only)"
TEST_STUDENT = "Student, Test"
EXCUSED = "EX"


def write(gradebook: Gradebook, stream: TextIO, options: GradebookOptions = GradebookOptions()) -> Notes:  # noqa: B008 - frozen
    """Write the export with the points, or a table of its own where there is no export."""
    if options.fill is None:
        return _write_new(gradebook, stream, options)
    return fill(_blank(options.fill, gradebook, options), gradebook, stream, options)


FORMAT = GradebookFormat(
    name="canvas",
    summary="Canvas' gradebook export with the points filled in",
    write=write,
    takes=frozenset({"fill", "column", "match", "provisional"}),
    names_learners=True,
)


def _is_header(header: Sequence[str]) -> bool:
    is_named = header[:1] == ("Student",) or header[:2] == ("LastName", "FirstName")
    return is_named and "ID" in header[1:3] and "Section" in header


def _blank(export: Export, gradebook: Gradebook, options: GradebookOptions) -> Blank:
    sheet = open_sheet(export, _is_header, EXPECTED)
    usual = [Identity(column=sheet.header.index(title)) for title in IDENTITIES if title in sheet.header]
    limits = _points_possible(sheet)
    column = _column(sheet, limits, gradebook, options.column)
    return Blank(
        sheet=sheet,
        column=column,
        identities=tuple(identities_of(sheet, usual, options.match)),
        is_learner=_is_learner,
        points=_full_mark(sheet, limits, column),
        points_columns=(column,),
        locked=lambda values: "they are excused" if values[column].strip().upper() == EXCUSED else "",
        is_capped=False,
    )


def _is_learner(values: Sequence[str]) -> bool:
    first = values[0].strip()
    return bool(first) and not first.startswith(POINTS_POSSIBLE) and first != TEST_STUDENT


def _points_possible(sheet: Sheet) -> tuple[int, Sequence[str]] | None:
    """Return the line of the row with the full marks, and its values; it is one of the first rows."""
    for row in sheet.whole_rows():
        if row.values[0].strip().startswith(POINTS_POSSIBLE):
            return row.line, row.values
        if _is_learner(row.values):
            break
    return None


def _column(sheet: Sheet, limits: tuple[int, Sequence[str]] | None, gradebook: Gradebook, asked: str) -> int:
    """Return the column of the assignment. Raises `ExportError` if it is not there or not the only one."""
    places = [
        place
        for place in range(sheet.header.index("Section") + 1, len(sheet.header))
        if limits is None or limits[1][place].strip() != READ_ONLY
    ]
    wanted = [asked] if asked else [gradebook.head.title, gradebook.head.rubric]
    found = [place for place in places if _names(sheet.header[place]) & {_plain(name) for name in wanted}]
    titles = [sheet.header[place] for place in places]
    if len(found) == 1:
        return found[0]
    if found:
        said = f"{len(found)} columns have the title {wanted[0]!r}"
        raise sheet.refuse(said, column=found[1], allowed="--column with the number in brackets, which is unique")
    near = difflib.get_close_matches(wanted[0], titles, n=1)
    shown = ", ".join(repr(line(title, 100)) for title in titles[:10]) or "none; add the assignment in Canvas first"
    problem = Problem(
        f"no column is of the assignment {wanted[0]!r}",
        line=1,
        allowed=f"--column TITLE with one of those that are there: {shown}",
        suggestion=near[0] if near else "",
    )
    raise ExportError(sheet.source, problem)


def _plain(title: str) -> str:
    return " ".join(folded(title).split())


def _names(title: str) -> set[str]:
    """Return what an assignment may be called: its whole header, its title, its number."""
    match = NUMBERED.fullmatch(title.strip())
    return {_plain(title)} | ({_plain(match[1]), match[2]} if match else set())


def _full_mark(sheet: Sheet, limits: tuple[int, Sequence[str]] | None, column: int) -> Decimal | None:
    if limits is None or not (text := limits[1][column].strip()):
        return None
    points = number_of(text)
    if points is None or points <= 0:
        said = f"the assignment is worth {text!r} points, by which no points can be scaled"
        raise sheet.refuse(said, line=limits[0], column=column, allowed="a number above 0, to be set in Canvas")
    return points


def _write_new(gradebook: Gradebook, stream: TextIO, options: GradebookOptions) -> Notes:
    """Write the least that Canvas imports: it asks which assignment the column is of."""
    table = csv.writer(stream, lineterminator="\n")
    title = options.column or gradebook.head.title
    table.writerow(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", safe(title)])
    table.writerow([f"    {POINTS_POSSIBLE}", "", "", "", "", number(gradebook.head.points)])
    left, count = LeftOut(), 0
    for row in gradebook.rows:
        if reason := reason_to_leave_out(row, options):
            left.add(row.learner.id, "left out", reason)
        elif row.score is not None:
            columns = row.learner.columns
            known: Iterable[str] = (
                columns.get("Student") or row.learner.name,
                columns.get("ID", ""),
                columns.get("SIS User ID", ""),
                columns.get("SIS Login ID") or row.learner.id,
                columns.get("Section", ""),
            )
            table.writerow([*map(safe, known), number(row.score.earned)])
            count += 1
    return [f"{count} written.", *left.notes()]
