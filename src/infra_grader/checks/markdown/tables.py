"""The markdown.tables check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.checks.markdown._page import Names, Page, Paged, at_lines, open_page, plural, share_of, shorten
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.answer import is_blank
from infra_grader.reading.markdown import Table
from infra_grader.reading.topics import matches_name


class Tables(Paged):
    """How many tables are wanted, with which columns, how many rows, and how full."""

    min: Annotated[int, Meta(ge=1, description="Fewest tables that are as described.")] = 1
    columns: Annotated[
        tuple[Names, ...],
        Meta(description="Columns that a table must have, each by its alternatives; none: every table."),
    ] = ()
    min_rows: Annotated[int, Meta(ge=1, description="Fewest rows of a table in which more than a cell is filled.")] = 1
    filled: Annotated[float, Meta(gt=0, le=1, description="Least share of its cells that hold an answer.")] = 0.5


@check("markdown.tables", measure="tables")
def tables(context: Context, params: Tables) -> Outcome:
    """A document has filled tables with the columns that are asked for."""
    page = open_page(context, params.path)
    known = [table for table in page.document.tables if _has_columns(table, params.columns)]
    if not known:
        wanted = "a table with " + ", ".join(f"a column {names[0]!r}" for names in params.columns)
        raise CheckFailed(
            f"{page.path} has no table of the kind that is asked for.",
            Evidence(
                path=page.path,
                expected=wanted if params.columns else "a table",
                actual=plural(len(page.document.tables), "other table"),
            ),
        )
    full = [table for table in known if _is_full(table, params)]
    lacking = [table for table in known if table not in full]
    shown = at_lines(page, [(table.line, _describe(table)) for table in full or lacking], _wanted(params))
    return Outcome.partial(
        share_of(len(full), params.min) if full else Fraction(0),
        _message(page, len(full), len(lacking), params),
        *shown,
        measure=Measure(value=len(full), unit="tables", threshold=params.min),
    )


def _has_columns(table: Table, columns: tuple[list[str], ...]) -> bool:
    return all(any(matches_name(header, names) for header in table.headers) for names in columns)


def _filled_rows(table: Table) -> int:
    needed = min(2, len(table.headers))
    return sum(sum(not is_blank(cell) for cell in row.cells) >= needed for row in table.rows)


def _filled_share(table: Table) -> float:
    cells = [cell for row in table.rows for cell in row.cells]
    return sum(not is_blank(cell) for cell in cells) / len(cells) if cells else 0.0


def _is_full(table: Table, params: Tables) -> bool:
    return _filled_rows(table) >= params.min_rows and _filled_share(table) >= params.filled


def _describe(table: Table) -> str:
    return (
        f"{shorten(' | '.join(table.headers), 60)}: {plural(_filled_rows(table), 'filled row')}, "
        f"{_filled_share(table):.0%} of the cells"
    )


def _wanted(params: Tables) -> str:
    return f"{plural(params.min_rows, 'filled row')} and {params.filled:.0%} of the cells filled"


def _message(page: Page, full: int, lacking: int, params: Tables) -> str:
    if full >= params.min:
        return f"{page.path} has {plural(full, 'filled table')}."
    if lacking:
        return f"{page.path} has {plural(lacking, 'table')} that {'is' if lacking == 1 else 'are'} not filled in."
    return f"{page.path} has {plural(full, 'filled table')}, {params.min} are asked for."
