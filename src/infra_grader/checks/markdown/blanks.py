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
from infra_grader.reading.topics import fold, matches_name, split_label

CUES = (
    "your ", "fill in", "insert", "enter ", "add ", "todo", "tbd", "placeholder", "describe", "name of", "e.g",
    "example",
    "goal ", "skill ", "company", "job title", "dein", "ihr ", "votre", "ton ", "ta ", "tu ", "su ", "tuo ", "seu ",
    "sua ",
    "hier ", "…", "...", "xx", "list ", "date", "link", "resource",
)  # fmt: skip
"""What a text in square brackets says if it waits to be replaced."""


OPENING = frozenset("[<{")
"""What a placeholder may start with."""

UNDONE = frozenset({"tbd", "tba", "todo", "tbc", "fixme", "xxx", "???"})
"""Answers that announce one."""
ANNOUNCED = ("tbd", "tba", "tbc", "fixme", "xxx", "todo:", "todo -", "todo –", "todo (")
"""Starts of longer ones, where they are in capitals; a "TODO app" is a project."""
PHRASES = frozenset({
    "fill in", "fill me in", "fill this in", "fill in here", "fill out", "to be done", "to be determined",
    "to be decided", "to be defined", "to be confirmed", "to be filled", "to be filled in", "to be announced",
    "coming soon", "placeholder", "your answer", "answer here", "write here", "text here", "noch offen",
    "a completer", "a remplir", "por completar", "por definir", "da completare", "da definire", "uzupelnic",
})  # fmt: skip
"""More of them, as whole answers, folded."""
PROGRESS = (
    "status",
    "state",
    "done",
    "progress",
    "stand",
    "erledigt",
    "estado",
    "etat",
    "stato",
    "fortschritt",
    "fait",
)
"""Starts of the heads of columns in which what is still to be done says so."""
CAPTION_WORDS = 4
"""Longest label that may have been left without its answer; a longer one introduces what follows."""


class Blanks(Paged):
    """Which document must have no blanks."""


@check("markdown.blanks", measure="blanks")
def blanks(context: Context, params: Blanks) -> Outcome:
    """No blank is left in a document: underscores, `[placeholders]`, TBD, empty items or rows, unticked boxes.

    Placeholders may also stand in `<...>` or `{...}`; a list item that is a label without an answer is a blank as well.
    """
    page = open_page(context, params.path)
    if not count_words(passage.text for passage in page.document.prose()):
        raise CheckFailed(f"{page.path} holds no text.", Evidence(path=page.path, expected="text", actual="none"))
    handed_out = template_lines(context)
    found = sorted({*_in_passages(page, handed_out), *_empty(page), *_bare_labels(page), *_boxes(page, handed_out)})
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
    """Yield the lines that hold underscores, placeholders, or an answer such as TBD."""
    progress = _progress_cells(page)
    for passage in page.document.passages:
        for offset, line in enumerate(passage.text.split("\n")):
            if _has_blank(line, passage, handed_out) or (_is_undone(line, passage) and passage not in progress):
                yield passage.line + offset, line


def _has_blank(line: str, passage: Passage, handed_out: frozenset[str]) -> bool:
    if "_" in line and _underscores().search(line):
        return True
    if OPENING.isdisjoint(line):
        return False
    whole = _answer(line).strip(" .*")
    for match in _brackets().finditer(line):
        inside = fold(next(filter(None, match.groups()), ""))
        if not inside.strip("._…- x"):
            if match[0] == whole and passage.kind != "cell" and "x" not in inside:  # a cell may be a box to tick
                return True
        elif not inside.isdigit() and (
            match[0] == whole or inside.startswith(CUES) or f"[{inside}]" in handed_out or inside in PHRASES
        ):
            return True
    return False


def _is_undone(line: str, passage: Passage) -> bool:
    """Whether the answer of a line only announces one."""
    answer = _answer(line)
    if passage.kind == "heading" and answer == line:  # "TODO" is a fair title for what is to be done
        return False
    if answer.strip(" *") in {"…", "..."}:
        return passage.kind != "cell"
    bare = answer.strip(" .*()[]")
    folded = fold(bare)
    is_written_here = folded.startswith("your ") and folded.endswith(" here")
    return (
        folded in UNDONE
        or folded in PHRASES
        or is_written_here
        or (folded.startswith(ANNOUNCED) and bare[:3].isupper() and answer != line)
    )


def _answer(line: str) -> str:
    """Return what a line says after its label, if it has one."""
    label = split_label(line)
    return label[1] if label else line


def _progress_cells(page: Page) -> frozenset[Passage]:
    """Return the heads of tables, and the cells of columns that say how far things are: TODO is an answer there."""
    cells = [passage for passage in page.document.passages if passage.kind == "cell"]
    if not any(fold(cell.text.strip(" .*")) in UNDONE for cell in cells):
        return frozenset()
    fine: set[tuple[int, str]] = set()
    for table in page.document.tables:
        fine |= {(table.line, header) for header in table.headers}
        for number, header in enumerate(table.headers):
            if matches_name(header, PROGRESS):
                fine |= {(row.line, row.cells[number]) for row in table.rows}
    return frozenset(cell for cell in cells if (cell.line, cell.text) in fine)


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


def _bare_labels(page: Page) -> Iterator[tuple[int, str]]:
    """Yield list items that are a label without an answer; the first of a list may be a caption."""
    passages = page.document.passages
    shown = {link.line for link in page.document.links} | {block.line for block in page.document.code_blocks}
    begun: set[int] = set()
    for item, after in zip(passages, [*passages[1:], None], strict=True):
        label = split_label(item.text) if item.kind == "item" else None
        if label is not None and not label[1] and len(label[0].split()) <= CAPTION_WORDS:
            is_field = item.group in begun or any(map(str.isdigit, label[0]))
            if is_field and _is_last_word(item, after) and shown.isdisjoint(range(item.line, item.end_line + 1)):
                yield item.line, item.text
        begun.add(item.group)


def _is_last_word(item: Passage, after: Passage | None) -> bool:
    """Whether nothing belongs to an item but its own text."""
    if after is None or after.kind == "heading":
        return True
    return after.kind == "item" and (after.group == item.group or after.level < item.level)


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
    return re.compile(r"(?<!\w)(?:\[([^\[\]\n]{0,80})\](?![(:])|<([^\W\d][^<>\n]{0,80})>|\{\{?([^{}\n]{1,80})\}\}?)")
