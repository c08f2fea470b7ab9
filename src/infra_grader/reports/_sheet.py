"""An export that is to be filled in: found to be one, with the columns and numbers that it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal, InvalidOperation

from infra_grader.errors import ExportError, Problem
from infra_grader.model.record import Record
from infra_grader.reading.separated_values import RawRow, SeparatedValuesError, raw_rows
from infra_grader.reports.gradebook_format import Export

MAX_BYTES = 64 * 1024 * 1024
DELIMITERS = (",", ";", "\t")
BOM = "\ufeff"
WITH_COMMA, WITH_POINT = re.compile(r"-?\d+,\d+"), re.compile(r"-?\d+\.\d+")


class Sheet(Record):
    """The text of an export, and how it is divided."""

    source: str
    bom: str
    """A byte order mark, or nothing."""
    text: str
    """All that follows it."""
    delimiter: str
    header: tuple[str, ...]

    def rows(self) -> Iterator[RawRow]:
        """Yield the rows, the header first. Raises `ExportError` where the text is no table."""
        try:
            yield from raw_rows(self.text, self.delimiter)
        except SeparatedValuesError as error:
            raise ExportError(self.source, error.problem) from error

    def whole_rows(self) -> Iterator[RawRow]:
        """Yield the rows below the header that are not blank. Raises `ExportError` for one of another length."""
        rows = self.rows()
        next(rows)
        for row in rows:
            if not any(row.values):
                continue
            if len(row.cells) != len(self.header):
                message = f"the row has {len(row.cells)} cells, the header {len(self.header)}"
                raise ExportError(self.source, Problem(message, line=row.line))
            yield row

    def refuse(self, message: str, *, line: int = 1, column: int | None = None, allowed: str = "") -> ExportError:
        """Return the error for a fault of a cell; columns count from 0 here."""
        number = None if column is None else column + 1
        return ExportError(self.source, Problem(message, line=line, column=number, allowed=allowed))


def open_sheet(export: Export, is_header: Callable[[Sequence[str]], bool], expected: str) -> Sheet:
    """Return an export divided by the character that makes its first row the header that it should be.

    Raises `ExportError` if there is none, or if it is not in UTF-8; `expected` says what the header should hold.
    """
    text = _text(export)
    bom = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    fault: ExportError | None = None
    for delimiter in DELIMITERS:
        sheet = Sheet(source=export.source, bom=bom, text=text, delimiter=delimiter, header=())
        try:
            first = next(sheet.rows(), None)
        except ExportError as error:
            fault = fault or error
            continue
        header = tuple(name.strip() for name in first.values) if first else ()
        if is_header(header):
            return sheet.replace(header=header)
    raise fault or ExportError(
        export.source, Problem("its first line is not the header of such a file", line=1, allowed=expected)
    )


def number_of(text: str) -> Decimal | None:
    """Return a number that has a point or a comma before its decimals, or nothing for what is none."""
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def writes_commas(sheet: Sheet, columns: Collection[int]) -> bool:
    """Whether numbers in these columns have a comma before their decimals."""
    commas = False
    for row in sheet.whole_rows():
        for column in columns:
            value = row.values[column].strip()
            if WITH_POINT.fullmatch(value):
                return False
            commas = commas or WITH_COMMA.fullmatch(value) is not None
    return commas


def _text(export: Export) -> str:
    if len(export.content) > MAX_BYTES:
        raise ExportError(export.source, Problem(f"it is larger than {MAX_BYTES // 1024 // 1024} MiB"))
    try:
        return export.content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = export.content.count(b"\n", 0, error.start) + 1
        problem = Problem(
            "it is not in UTF-8", line=line, allowed="the file as it was downloaded, or saved as CSV UTF-8"
        )
        raise ExportError(export.source, problem) from error
