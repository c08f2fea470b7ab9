"""Separated values with every cell as it stands in its file, so that some can be changed and all else be kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from infra_grader.errors import Problem
from infra_grader.model.record import Record


class SeparatedValuesError(ValueError):
    """A text is no table; `problem` says where, its column being the number of the cell."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.problem = Problem(message, line=line, column=column)


class RawRow(Record):
    """A row as it is written."""

    line: int
    """Line that it begins at, from 1."""
    cells: tuple[str, ...]
    """With their quotes."""
    end: str
    """Its line end; nothing if the text ends first."""

    @property
    def values(self) -> list[str]:
        """What the cells say, as a reader of the table gets it."""
        return [value_of(cell) for cell in self.cells]


def raw_rows(text: str, delimiter: str) -> Iterator[RawRow]:
    """Yield the rows of a text; joined by the delimiter and with their ends they are the text again.

    Raises `SeparatedValuesError` for a quote that is not closed, and for text after a closed one.
    """
    cell = _cell(delimiter)
    place, line = 0, 1
    while place < len(text):
        cells: list[str] = []
        begin = line
        while True:
            match = cell.match(text, place)
            assert match is not None, "an empty cell matches everywhere"
            cells.append(match[0])
            place = match.end()
            if match[0].startswith('"') and match[1] is None:
                raise SeparatedValuesError("a quote is not closed", line, len(cells))
            line += _breaks(match[0])
            if text[place : place + 1] != delimiter:
                break
            place += 1
        if text[place : place + 1] not in ("", "\r", "\n"):
            raise SeparatedValuesError("text stands after a closed quote", line, len(cells))
        end = "\r\n" if text.startswith("\r\n", place) else text[place : place + 1]
        place += len(end)
        line += bool(end)
        yield RawRow(line=begin, cells=tuple(cells), end=end)


def value_of(cell: str) -> str:
    """Return what a cell says: without its quotes, the doubled ones single."""
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def cell_like(old: str, value: str, delimiter: str) -> str:
    """Return a cell with another value, quoted where the old one was, or where it has to be."""
    if old.startswith('"') or any(sign in value for sign in (delimiter, '"', "\r", "\n")):
        return '"' + value.replace('"', '""') + '"'
    return value


@cache
def _cell(delimiter: str) -> re.Pattern[str]:
    # Possessive: a quote that is never closed must not be tried again for every character after it.
    return re.compile(rf'("(?:[^"]++|"")*+")|[^{re.escape(delimiter)}\r\n]*')


def _breaks(cell: str) -> int:
    return len(re.findall(r"\r\n|\r|\n", cell))
