"""The history of a learner's score as text: a table where the terminal is wide enough, else a block for each entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from infra_grader.engine.journal import Entry
from infra_grader.plugin import RenderOptions
from infra_grader.reading.visible import visible

HEADS = ("when", "cause", "state", "score", "change", "rubric", "work")
GAP = "  "
DIGITS = 8
"""Of digests and commits."""
WON, LOST = "\x1b[32m", "\x1b[31m"
PLAIN = "\x1b[0m"


class Line(NamedTuple):
    """What is shown of an entry, column by column."""

    cells: Sequence[str]
    change: Decimal | None
    message: str


def history_text(entries: Iterable[Entry], options: RenderOptions) -> str:
    """Return the entries as lines, in their order, in at most the width of the terminal; it ends with a newline."""
    lines = list(_lines(entries))
    widths = [max(map(_width, column)) for column in zip(HEADS, *(line.cells for line in lines), strict=True)]
    is_wide = sum(widths) + len(GAP) * (len(widths) - 1) <= options.width
    shown = _table(lines, widths, options) if is_wide else _blocks(lines, options)
    return "\n".join(shown) + "\n"


def _lines(entries: Iterable[Entry]) -> Iterator[Line]:
    before: Decimal | None = None
    for entry in entries:
        earned = Decimal(entry.earned) if entry.earned else None
        change = None if earned is None or before is None else earned - before
        cells = (
            entry.at,
            visible(entry.cause),
            entry.state.value,
            _score(entry),
            "" if change is None else _signed(change),
            entry.rubric[:DIGITS],
            visible(entry.work.rpartition(":")[2][:DIGITS]),
        )
        yield Line(cells=cells, change=change, message=visible(entry.message))
        before = before if earned is None else earned


def _score(entry: Entry) -> str:
    if not entry.earned:
        return ""
    is_open = entry.possible and Decimal(entry.possible) != Decimal(entry.earned)
    return f"{_number(entry.earned)} up to {_number(entry.possible)}" if is_open else _number(entry.earned)


def _number(text: str) -> str:
    return f"{Decimal(text).normalize():f}"


def _signed(change: Decimal) -> str:
    return f"{change.normalize():+f}" if change else "0"


def _table(lines: Sequence[Line], widths: Sequence[int], options: RenderOptions) -> Iterator[str]:
    yield GAP.join(map(_padded, HEADS, widths)).rstrip()
    for line in lines:
        cells = list(map(_padded, line.cells, widths))
        cells[4] = _coloured(cells[4], line.change, options)
        yield GAP.join(cells).rstrip()
        if line.message:
            yield from _wrapped(line.message, options.width)


def _blocks(lines: Sequence[Line], options: RenderOptions) -> Iterator[str]:
    for line in lines:
        when, *others = line.cells
        yield when
        for head, cell in zip(HEADS[1:], others, strict=True):
            if head == "change" and cell:
                yield f"{GAP}{head}: {_coloured(cell, line.change, options)}"
            elif cell:
                yield from _wrapped(f"{head}: {cell}", options.width)
        if line.message:
            yield from _wrapped(line.message, options.width)


def _wrapped(text: str, width: int) -> Iterator[str]:
    from rich.console import Console
    from rich.text import Text

    room = max(width - len(GAP), 1)
    for part in Text(text).wrap(Console(width=room), room, overflow="fold"):
        yield f"{GAP}{part.plain.rstrip()}"


def _coloured(cell: str, change: Decimal | None, options: RenderOptions) -> str:
    if not options.color or not change:
        return cell
    return f"{WON if change > 0 else LOST}{cell}{PLAIN}"


def _width(text: str) -> int:
    from rich.cells import cell_len  # only where a history is shown

    return cell_len(text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
