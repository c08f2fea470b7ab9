"""The ratings in a document's tables."""

from __future__ import annotations

from infra_grader.checks.markdown._rating import OTHER_NAMES, RATING_NAMES, Rated, Unrated, is_area
from infra_grader.reading.answer import Scale, is_blank, read_rating, read_scale
from infra_grader.reading.markdown import Table
from infra_grader.reading.timespan import units_in
from infra_grader.reading.topics import fold, matches_name

MARKS = frozenset({"x", "✓", "✔", "✅", "☑", "●", "•", "*", "[x]", "◉", "yes", "ja", "✗", "+", "■", "★"})
"""What people put into the one column that fits."""


def take_table(table: Table, found: list[Rated], unrated: list[Unrated]) -> None:
    if _take_transposed(table, found):
        return
    area = _area_column(table)
    column = _rating_column(table, area)
    if column is not None:
        scale = read_scale(table.headers[column], is_header=True)
        for row in table.rows:
            name, cell = row.cells[area].strip(), row.cells[column]
            if is_blank(name) or not is_area(name):
                continue
            rating = read_rating(cell)
            if rating is not None:
                found.append(Rated(name, rating, row.line, scale, (table.group, "table")))
            elif is_blank(cell):
                unrated.append(Unrated(name, row.line))
    else:
        _take_grid(table, area, found)


def _area_column(table: Table) -> int:
    """Return the first column that names things: most of its cells are words and no ratings."""
    for column in range(len(table.headers)):
        cells = [row.cells[column] for row in table.rows if not is_blank(row.cells[column])]
        named = sum(any(map(str.isalpha, cell)) and read_rating(cell) is None for cell in cells)
        if cells and named * 2 > len(cells):
            return column
    return 0


def _rating_column(table: Table, area: int) -> int | None:
    """Return the column of the present ratings: by its head, else the first that holds ratings."""
    best: tuple[int, int] | None = None
    for column, header in enumerate(table.headers):
        if column == area:
            continue
        cells = [row.cells[column] for row in table.rows]
        answers = [cell for cell in cells if not is_blank(cell)]
        ratings = sum(read_rating(cell) is not None for cell in answers)
        is_named = matches_name(header, RATING_NAMES, inside=False)
        is_other = matches_name(header, OTHER_NAMES, inside=False) or bool(units_in(header)) or header.strip() == "#"
        if (is_other and not is_named) or (not answers and not is_named) or ratings * 2 < len(answers):
            continue
        rank = 2 if is_named and not is_other else 1
        if best is None or rank > best[0]:
            best = (rank, column)
    return best[1] if best else None


def _take_grid(table: Table, area: int, found: list[Rated]) -> None:
    """Take a table with a column for each step of the scale and one mark a row."""
    steps = {
        column: rating
        for column, header in enumerate(table.headers)
        if column != area and (rating := read_rating(header)) is not None
    }
    if len(steps) < FEWEST_STEPS:
        return
    values = [rating.value for rating in steps.values() if rating.value is not None]
    scale = Scale(min(values), max(values)) if values else None
    for row in table.rows:
        marked = [column for column in steps if fold(row.cells[column].strip()) in MARKS]
        if len(marked) == 1 and is_area(row.cells[area]):
            found.append(Rated(row.cells[area], steps[marked[0]], row.line, scale, (table.group, "grid")))


def _take_transposed(table: Table, found: list[Rated]) -> bool:
    """Take a table whose heads are the areas, with the ratings in a row below; whether it is one."""
    if len(table.rows) > MOST_ROWS or len(table.headers) <= len(table.rows) + 2:
        return False
    for row in table.rows:
        if matches_name(row.cells[0], OTHER_NAMES, inside=False):
            continue
        rated = [
            Rated(header, rating, row.line, None, (table.group, "row"))
            for header, cell in zip(table.headers, row.cells, strict=False)
            if is_area(header) and (rating := read_rating(cell)) is not None and rating.form != "word"
        ]
        if len(rated) > FEWEST_STEPS and len(rated) + 1 >= len(row.cells):
            found += rated
            return True
    return False


FEWEST_STEPS = 3
"""Columns from which a table may be a grid of the scale's steps, or have its areas as heads."""
MOST_ROWS = 3
"""Rows up to which the heads of a table may be the areas: present ratings, wanted ones, the difference."""
