"""The gradebook as a table for spreadsheets and scripts: a row for each learner, in the order of the roster."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TextIO

from infra_grader.model.gradebook import Gradebook, GradebookHead, GradebookRow, PartHead
from infra_grader.reports._cells import points, remark, safe, truth
from infra_grader.reports.gradebook_format import GradebookFormat, GradebookOptions, Notes

LEARNER = ("id", "name", "email")
STANDING = (
    "state", "earned", "possible", "points", "percent", "grade", "passed", "provisional", "penalty", "bonus",
    "submitted",
)  # fmt: skip
MESSAGE = "message"
BONUS, PENALTIES = "bonus", "penalties"
"""Parts of a gradebook's head that are columns already."""
BOM = "\ufeff"


def write(gradebook: Gradebook, stream: TextIO, options: GradebookOptions = GradebookOptions()) -> Notes:  # noqa: B008 - frozen
    """Write the table, its lines ended by a line feed."""
    if options.bom:
        stream.write(BOM)
    parts = list(_criteria(gradebook.head))
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(_header(gradebook, parts))
    for row in gradebook.rows:
        table.writerow(_row(row, gradebook.columns, parts))
    return ()


FORMAT = GradebookFormat(
    name="csv", summary="a table with a row for each learner", write=write, takes=frozenset({"bom"})
)


def _criteria(head: GradebookHead) -> Iterator[PartHead]:
    """Yield the parts without the bonus and the penalties, which come last and have columns of their own."""
    parts = list(head.parts)
    for name in (PENALTIES, BONUS):
        if parts and parts[-1].id == name:
            parts.pop()
    yield from parts


def _header(gradebook: Gradebook, parts: Iterable[PartHead]) -> list[str]:
    fixed = {*LEARNER, *STANDING, MESSAGE}
    passed_through = [safe(_apart(name, fixed, "roster")) for name in gradebook.columns]
    taken = fixed | set(passed_through)
    criteria = [safe(_apart(part.id, taken, "criterion")) for part in parts]
    return [*LEARNER, *passed_through, *STANDING, *criteria, MESSAGE]


def _apart(name: str, taken: set[str], kind: str) -> str:
    """Return the name of a column, told apart from those that are there already."""
    return f"{kind} {name}" if name in taken else name


def _row(row: GradebookRow, columns: Iterable[str], parts: Iterable[PartHead]) -> list[str]:
    learner = row.learner
    earned: dict[str, Decimal] = {part.id: part.earned for part in row.parts}
    return [
        *map(safe, (learner.id, learner.name, learner.email)),
        *(safe(learner.columns.get(column, "")) for column in columns),
        row.state.value,
        *_score(row),
        row.submitted,
        *(points(earned.get(part.id)) for part in parts),
        safe(remark(row)),
    ]


def _score(row: GradebookRow) -> list[str]:
    score = row.score
    if score is None:
        return [""] * 9
    numbers = (score.earned, score.possible, score.points, score.percent)
    return [
        *map(points, numbers),
        safe(score.grade or ""),
        truth(score.passed, "open"),
        truth(score.provisional),
        points(score.penalty),
        points(score.bonus),
    ]
