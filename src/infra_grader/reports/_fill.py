"""Points put into an export of another program: the cells for them change, and no other byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TextIO

from infra_grader.model.gradebook import Gradebook
from infra_grader.model.record import Record
from infra_grader.reading.separated_values import RawRow, cell_like, value_of
from infra_grader.reports._left_out import LeftOut, reason_to_leave_out
from infra_grader.reports._recognise import Faces, Identity
from infra_grader.reports._sheet import Sheet, number_of, writes_commas
from infra_grader.reports._text import line, number
from infra_grader.reports.gradebook_format import GradebookOptions, Notes

HUNDREDTH = Decimal("0.01")


class Blank(Record):
    """An export with the place where the points go."""

    sheet: Sheet
    column: int
    identities: tuple[Identity, ...]
    is_learner: Callable[[Sequence[str]], bool]
    """Whether a row is of a learner."""
    points: Decimal | None
    """What the other program gives for the full mark; nothing where it does not say."""
    points_columns: tuple[int, ...]
    """Columns with numbers as the other program writes them."""
    locked: Callable[[Sequence[str]], str]
    """Why the cell of a row must stay as it is, or nothing."""
    is_capped: bool
    """Whether the other program takes no more than the full mark."""

    def rows(self) -> Iterator[RawRow]:
        """Yield the rows of learners."""
        return (row for row in self.sheet.whole_rows() if self.is_learner(row.values))


def fill(blank: Blank, gradebook: Gradebook, stream: TextIO, options: GradebookOptions) -> Notes:
    """Write the export with the points of the learners; returns who got theirs and who did not.

    Raises `ExportError`, before anything is written, where a row cannot be told or none is of the roster.
    """
    results, faces = _results(blank, gradebook, options)
    found = faces.recognise(blank.rows, is_decided=bool(options.match))
    if not found:
        raise blank.sheet.refuse(
            "no row is of a learner of the roster", allowed="--match COLUMN, with the column that holds their ids"
        )
    cells, notes = _cells(blank, gradebook, found, results)
    stream.write(blank.sheet.bom)
    for row in blank.sheet.rows():
        raw = list(row.cells)
        if row.line in cells:
            raw[blank.column] = cells[row.line]
        stream.write(blank.sheet.delimiter.join(raw) + row.end)
    return notes


def scaled(earned: Decimal, full: Decimal, points: Decimal | None) -> Decimal:
    """Return points for another full mark: reckoned exactly, and then rounded down to a hundredth."""
    if points is None or points == full:
        return earned
    exact = Fraction(earned) * Fraction(points) / Fraction(full)
    return Decimal(exact.numerator * 100 // exact.denominator) * HUNDREDTH


class _Result(Record):
    """What a learner is to get, or why nothing."""

    earned: Decimal
    reason: str


def _results(blank: Blank, gradebook: Gradebook, options: GradebookOptions) -> tuple[dict[str, _Result], Faces]:
    faces = Faces(blank.sheet, blank.identities)
    results: dict[str, _Result] = {}
    for row in gradebook.rows:
        faces.add(row.learner)
        earned = Decimal(0) if row.score is None else row.score.earned
        results[row.learner.id] = _Result(earned=earned, reason=reason_to_leave_out(row, options))
    return results, faces


def _cells(
    blank: Blank, gradebook: Gradebook, found: dict[int, str], results: dict[str, _Result]
) -> tuple[dict[int, str], Notes]:
    """Return the new cells by the lines of their rows, and what to say."""
    full = gradebook.head.points
    has_commas = writes_commas(blank.sheet, blank.points_columns)
    cells: dict[int, str] = {}
    left, capped, same = LeftOut(), 0, 0
    for row in blank.rows():
        learner = found.get(row.line)
        if learner is None:
            left.add(f"line {row.line}", "in the export and not in the roster")
        elif reason := results[learner].reason or blank.locked(row.values):
            left.add(learner, "left as they are", reason)
        else:
            points = scaled(results[learner].earned, full, blank.points)
            if blank.is_capped and blank.points is not None and points > blank.points:
                points, capped = blank.points, capped + 1
            old = row.cells[blank.column]
            cells[row.line] = _cell(old, points, blank.sheet.delimiter, has_commas=has_commas)
            same += cells[row.line] == old
    known = set(found.values())
    for learner in (learner for learner in results if learner not in known):
        left.add(learner, "in the roster and not in the export")
    return cells, [*_summary(blank, full, len(cells), same, capped), *left.notes()]


def _cell(old: str, points: Decimal, delimiter: str, *, has_commas: bool) -> str:
    if number_of(value_of(old)) == points:
        return old
    text = number(points)
    return cell_like(old, text.replace(".", ",") if has_commas else text, delimiter)


def _summary(blank: Blank, full: Decimal, count: int, same: int, capped: int) -> Iterator[str]:
    title = line(blank.sheet.header[blank.column], 200)
    yield f"{count} filled in, in the column {title!r}" + (f"; {same} had these points already." if same else ".")
    if blank.points is None:
        yield f"The export does not say what the full mark is; the points are out of {number(full)}."
    elif blank.points != full:
        yield (
            f"Points were scaled from {number(full)} to {number(blank.points)}, the full mark there, and rounded down "
            "to hundredths."
        )
    if capped:
        most = number(blank.points or full)
        yield f"{capped} had more than the full mark and got {most}, since more is refused there."
