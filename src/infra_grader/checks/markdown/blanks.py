"""The markdown.blanks check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from infra_grader.checks.markdown._page import Page, Paged, at_lines, line_list, open_page, plural
from infra_grader.checks.markdown._template import template_lines
from infra_grader.plugin import CheckFailed, Context, Evidence, Measure, Outcome, check
from infra_grader.reading.answer import is_blank
from infra_grader.reading.markdown import Passage, count_words
from infra_grader.reading.topics import fold, split_label

CUES = (
    "your ", "fill in", "insert", "enter ", "add ", "todo", "tbd", "placeholder", "describe", "name of", "e.g",
    "example",
    "goal ", "skill ", "company", "job title", "dein", "ihr ", "votre", "ton ", "ta ", "tu ", "su ", "tuo ", "seu ",
    "sua ",
    "hier ", "…", "...", "xx", "list ", "date", "link", "resource",
)  # fmt: skip
"""What a text in square brackets says if it waits to be replaced."""


UNDONE = frozenset({"tbd", "tba", "todo", "tbc", "fixme", "xxx", "???"})
"""Answers that announce one."""


class Blanks(Paged):
    """Which document must have no blanks."""


@check("markdown.blanks", measure="blanks")
def blanks(context: Context, params: Blanks) -> Outcome:
    """No blank of a form is left in a document: underscores, `[placeholders]`, empty items and rows, unticked boxes."""
    page = open_page(context, params.path)
    if not count_words(passage.text for passage in page.document.prose()):
        raise CheckFailed(f"{page.path} holds no text.", Evidence(path=page.path, expected="text", actual="none"))
    handed_out = template_lines(context)
    found = sorted({*_in_passages(page, handed_out), *_empty(page), *_boxes(page, handed_out)})
    measure = Measure(value=len(found), unit="blanks", threshold=0)
    if not found:
        shown = Evidence(path=page.path, expected="no blanks", actual=0, unit="blanks")
        return Outcome.passed(f"{page.path} has no blanks left.", shown, measure=measure)
    where = line_list([line for line, _ in found])
    return Outcome.failed(
        f"{page.path} has {plural(len(found), 'blank')} left, on {where}.",
        *at_lines(page, found, "an answer"),
        measure=measure,
    )


def _in_passages(page: Page, handed_out: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold underscores, placeholders, or a label whose answer is TBD."""
    for passage in page.document.passages:
        for offset, line in enumerate(passage.text.split("\n")):
            if _has_blank(line, passage, handed_out):
                yield passage.line + offset, line


def _has_blank(line: str, passage: Passage, handed_out: frozenset[str]) -> bool:
    if "_" in line and _underscores().search(line):
        return True
    label = split_label(line)
    answer = label[1] if label else line
    if "[" in line:
        whole = answer.strip(" .*")
        for match in _brackets().finditer(line):
            inside = fold(match[1])
            if not inside.strip("._- x") or inside.isdigit():
                continue
            if match[0] == whole or inside.startswith(CUES) or f"[{inside}]" in handed_out:
                return True
    if answer.strip(" *") in {"…", "..."}:
        return passage.kind != "cell"
    return answer.strip(" .*").lower() in UNDONE


def _empty(page: Page) -> Iterator[tuple[int, str]]:
    """Yield empty list items, and rows in which nothing but the first cell is filled."""
    document = page.document
    shown = {link.line for link in document.links + document.images} | {block.line for block in document.code_blocks}
    for item in document.items:
        if not item.text.strip() and not shown.intersection(range(item.line, item.end_line + 1)):
            yield item.line, "an empty list item"
    for table in document.tables:
        for row in table.rows:
            if len(row.cells) > 1 and all(is_blank(cell) for cell in row.cells[1:]):
                yield row.line, " | ".join(row.cells)


def _boxes(page: Page, handed_out: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield the boxes of the template, if the learner has ticked none of them; own boxes are plans, not blanks."""
    boxes = [item for item in page.document.items if item.ticked is not None and fold(item.text.strip()) in handed_out]
    if boxes and not any(box.ticked for box in boxes):
        yield from ((box.line, f"[ ] {box.text}") for box in boxes)


@cache
def _underscores() -> re.Pattern[str]:
    return re.compile(r"___|(?<!\w)__(?!\w)|(?<![\w/])_(?=\s?/\s?\d)")


@cache
def _brackets() -> re.Pattern[str]:
    return re.compile(r"(?<!\w)\[([^\[\]\n]{0,80})\](?![(:])")
