"""The gradebook for Moodle: the grading worksheet of an assignment with the grades filled in.

Moodle's headers are in the language of the site. In English they are known; in others `--column` names the one for the
grade, the one for the full mark stands right of it, and the first one tells who a row is of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TextIO

from infra_grader.errors import UsageError
from infra_grader.model.gradebook import Gradebook
from infra_grader.reports._fill import Blank, fill
from infra_grader.reports._recognise import Identity, find_title, folded, identities_of
from infra_grader.reports._sheet import Sheet, number_of, open_sheet
from infra_grader.reports.gradebook_format import Export, GradebookFormat, GradebookOptions, Notes

EXPECTED = (
    "Identifier, Grade and Last modified (grade); in other languages --column with the title of the grade's column"
)
REQUIRED = ("Identifier", "Grade", "Last modified (grade)")
"""What Moodle's importer wants (`importgradeslib.php`)."""
IDENTITIES = ("Username", "ID number")
PARTICIPANT = re.compile(r"\D+(\d+)")
CAN_BE_CHANGED = "Grade can be changed"


def write(gradebook: Gradebook, stream: TextIO, options: GradebookOptions = GradebookOptions()) -> Notes:  # noqa: B008 - frozen
    """Write the worksheet with the grades. Raises `UsageError` without a worksheet."""
    if options.fill is None:
        raise UsageError(
            "Moodle only takes a worksheet of its own", "Download the grading worksheet and name it with --fill."
        )
    return fill(_blank(options.fill, options), gradebook, stream, options)


FORMAT = GradebookFormat(
    name="moodle",
    summary="Moodle's grading worksheet with the grades filled in",
    write=write,
    takes=frozenset({"fill", "column", "match", "provisional"}),
    needs_fill=True,
    names_learners=True,
)


def _blank(export: Export, options: GradebookOptions) -> Blank:
    def is_header(header: Sequence[str]) -> bool:
        asked = folded(options.column)
        return all(name in header for name in REQUIRED) or (bool(asked) and asked in map(folded, header))

    sheet = open_sheet(export, is_header, EXPECTED)
    column = find_title(sheet, options.column or "Grade")
    first = sheet.header.index("Identifier") if "Identifier" in sheet.header else 0
    usual = [Identity(column=first, key=_participant)]
    usual += [Identity(column=sheet.header.index(title)) for title in IDENTITIES if title in sheet.header]
    changeable = sheet.header.index(CAN_BE_CHANGED) if CAN_BE_CHANGED in sheet.header else None
    return Blank(
        sheet=sheet,
        column=column,
        identities=tuple(identities_of(sheet, usual, options.match)),
        is_learner=lambda _values: True,
        points=_full_mark(sheet, column),
        points_columns=(column, column + 1),
        locked=lambda values: (
            "Moodle lets nobody change them" if changeable is not None and folded(values[changeable]) == "no" else ""
        ),
        is_capped=True,
    )


def _participant(text: str) -> str:
    """Return the number of a participant: the word before it is in the language of the site."""
    match = PARTICIPANT.fullmatch(text.strip())
    return match[1] if match else folded(text)


def _full_mark(sheet: Sheet, column: int) -> Decimal:
    """Return the full mark, which every row holds right of its grade. Raises `ExportError` where there is none."""
    if column + 1 == len(sheet.header):
        raise sheet.refuse("no column for the full mark stands right of the grade", column=column)
    full: Decimal | None = None
    for row in sheet.whole_rows():
        text = row.values[column + 1].strip()
        points = number_of(text)
        if points is None or points <= 0:
            said = f"the full mark {text!r} is no number above 0"
            allowed = "an assignment that is graded in points, not by a scale"
            raise sheet.refuse(said, line=row.line, column=column + 1, allowed=allowed)
        if full is not None and points != full:
            said = f"the full mark {text} is another one than in the rows before"
            raise sheet.refuse(said, line=row.line, column=column + 1)
        full = points
    if full is None:
        raise sheet.refuse("it holds no learner")
    return full
