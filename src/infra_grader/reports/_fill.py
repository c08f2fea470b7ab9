"""Points put into an export of another program: the cells for them change, and no other byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, TextIO

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
    del faces  # of a large class it takes as much as all else
    filling = _Filling(blank, gradebook.head.points, found, results)
    stream.write(blank.sheet.bom)
    for row in blank.sheet.rows():
        raw = list(row.cells)
        raw[blank.column : blank.column + 1] = filling.cells(row)
        stream.write(blank.sheet.delimiter.join(raw) + row.end)
    return filling.notes()


def scaled(earned: Decimal, full: Decimal, points: Decimal | None) -> Decimal:
    """Return points for another full mark: reckoned exactly, and then rounded down to a hundredth."""
    if points is None or points == full:
        return earned
    exact = Fraction(earned) * Fraction(points) / Fraction(full)
    return Decimal(exact.numerator * 100 // exact.denominator) * HUNDREDTH


class _Result(NamedTuple):
    """What a learner is to get, or why nothing."""

    earned: Decimal
    reason: str


def _results(blank: Blank, gradebook: Gradebook, options: GradebookOptions) -> tuple[dict[str, _Result], Faces]:
    faces = Faces(blank.sheet, blank.identities)
    results: dict[str, _Result] = {}
    for row in gradebook.rows:
        faces.add(row.learner)
        earned = Decimal(0) if row.score is None else row.score.earned
        results[row.learner.id] = _Result(earned, reason_to_leave_out(row, options))
    return results, faces


class _Filling:
    """The cells of one export, made row by row, and what is to be said of them in the end."""

    def __init__(self, blank: Blank, full: Decimal, found: Mapping[int, str], results: Mapping[str, _Result]) -> None:
        self._blank = blank
        self._full = full
        self._found = found
        self._results = results
        self._has_commas = writes_commas(blank.sheet, blank.points_columns)
        self._left, self._count, self._capped, self._same = LeftOut(), 0, 0, 0

    def cells(self, row: RawRow) -> Sequence[str]:
        """Return the cell for the points in a row: a new one, the one that is there, or none in a row too short."""
        blank, values = self._blank, row.values
        old = row.cells[blank.column : blank.column + 1]
        if row.line == 1 or not any(values) or not blank.is_learner(values):
            return old
        learner = self._found.get(row.line)
        if learner is None:
            self._left.add(f"line {row.line}", "in the export and not in the roster")
            return old
        if reason := self._results[learner].reason or blank.locked(values):
            self._left.add(learner, "left as they are", reason)
            return old
        return [self._filled(old[0], self._results[learner].earned)]

    def _filled(self, old: str, earned: Decimal) -> str:
        blank = self._blank
        points = scaled(earned, self._full, blank.points)
        if blank.is_capped and blank.points is not None and points > blank.points:
            points, self._capped = blank.points, self._capped + 1
        new = _cell(old, points, blank.sheet.delimiter, has_commas=self._has_commas)
        self._count += 1
        self._same += new == old
        return new

    def notes(self) -> Notes:
        """Return what to say, once every row has been gone through."""
        known = set(self._found.values())
        for learner in (learner for learner in self._results if learner not in known):
            self._left.add(learner, "in the roster and not in the export")
        return [*_summary(self._blank, self._full, self._count, self._same, self._capped), *self._left.notes()]


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
