"""The scales that a document states for its ratings, in sentences, lists and tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from infra_grader.checks.markdown._page import Page
from infra_grader.reading.answer import Scale, read_rating, read_scale
from infra_grader.reading.markdown import Table


def find_scales(page: Page) -> Iterator[tuple[int, Scale]]:
    for passage in page.document.passages:
        if passage.kind == "cell":
            continue
        for offset, line in enumerate(passage.text.split("\n")):
            if (scale := read_scale(line)) is not None:
                yield passage.line + offset, scale
    yield from _list_legends(page)
    for table in page.document.tables:
        if (scale := table_legend(table)) is not None:
            yield table.line, scale


def _list_legends(page: Page) -> Iterator[tuple[int, Scale]]:
    """Yield the scales that lists explain: `- 1: none`, `- 2: basics`, ..."""
    groups: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for item in page.document.items:
        groups[item.group].append((item.line, item.text))
    for items in groups.values():
        keys = [_legend_key().match(text) for _, text in items]
        numbers = [_key_value(match[1]) for match in keys if match is not None]
        if len(numbers) == len(items) and (scale := _consecutive(numbers)) is not None:
            yield items[0][0], scale


def table_legend(table: Table) -> Scale | None:
    """Return the scale that a table of two columns explains, a step a row."""
    if len(table.headers) != 2 or not table.rows:
        return None
    values: list[float] = []
    for row in table.rows:
        step, meaning = read_rating(row.cells[0]), read_rating(row.cells[1])
        if step is None or step.value is None or (meaning is not None and meaning.form != "word"):
            return None
        values.append(step.value)
    return _consecutive(values)


def _consecutive(values: list[float]) -> Scale | None:
    ordered = sorted(values)
    if len(ordered) >= 3 and ordered[0] in {0, 1} and ordered == [ordered[0] + i for i in range(len(ordered))]:
        return Scale(ordered[0], ordered[-1])
    return None


def _key_value(key: str) -> float:
    rating = read_rating(key)
    return -1.0 if rating is None or rating.value is None else rating.value


@cache
def _legend_key() -> re.Pattern[str]:
    return re.compile(r"([\d★⭐]{1,10})\s?[=:–—-]\s?\S")
