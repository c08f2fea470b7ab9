"""Cells of tables: numbers as people write them, and texts that no spreadsheet takes for a formula."""

from __future__ import annotations

import re
from decimal import Decimal

from infra_grader.model.gradebook import GradebookRow
from infra_grader.reports._text import line, number
from infra_grader.reports._wording import STATUS_WORDS

# A formula begins with one of these, in wide forms too. It may also begin after a semicolon: where that divides lists,
# as in much of Europe, a spreadsheet may divide a cell there, quoted or not.
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@＝＋－＠])")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)


def safe(text: str) -> str:
    """Return a text on one line that a spreadsheet shows as it is; an apostrophe stands before what it would reckon."""
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'", line(text))


def points(value: Decimal | None) -> str:
    """Return points as people write them, or nothing."""
    return "" if value is None else number(value)


def truth(value: bool | None, unknown: str = "") -> str:
    """Return `yes` or `no`."""
    return unknown if value is None else "yes" if value else "no"


def remark(row: GradebookRow) -> str:
    """Return what a row has to say: why there is no score, or what it was graded without, and which checks are open."""
    if row.score is None:
        return row.message
    found = [
        f"{check.id} ({STATUS_WORDS[check.status]})"
        for part in row.parts
        for check in part.checks
        if check.status.is_open and check.points > 0
    ]
    return f"{row.message} Open: {', '.join(found)}.".strip() if found else row.message


def json_number(value: Decimal) -> int | float:
    """Return a number as JSON has it."""
    return int(value) if value == value.to_integral_value() else float(value)
