"""The markdown.entries check kind."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from infra_grader.checks.markdown._page import Page, Paged, at_lines, counted, cut, line_list, open_page, plural
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.answer import is_blank
from infra_grader.reading.markdown import Passage, count_words
from infra_grader.reading.topics import BOLD_LEVEL, Topic, fold, matches_name

FEW = 3
"""Entries from which a table, list or row of headings is the collection, so that sentences are not looked at."""


SIGNS = (" - ", " – ", " — ", " | ", ", ", " (", " @ ", " at ", " / ", " · ")
"""What people put between the parts of an entry."""


class Entries(Paged):
    """What is to be collected, and how an entry is known."""

    min: Annotated[int, Meta(ge=1, description="Fewest different entries; fewer earn their share.")] = 10
    noun: Annotated[str, Meta(min_length=1, description="What an entry is called in messages.")] = "entry"
    words: Annotated[
        tuple[str, ...],
        Meta(description="An entry contains a word that starts with one of these, or a link; none: any text."),
    ] = ()
    columns: Annotated[
        tuple[str, ...], Meta(description="A table with a column so named holds entries, whatever its rows say.")
    ] = ()
    other: Annotated[
        tuple[str, ...], Meta(description="Rows, items and headings that start like this are no entries.")
    ] = ()
    min_words: Annotated[int, Meta(ge=1, description="Fewest words of an entry.")] = 2


class _Entry(NamedTuple):
    text: str
    line: int

    @property
    def key(self) -> str:
        """What makes it different: its words, without the number that it has in the list."""
        words = (word.strip(".,;:()[]#-–—|") for word in _numbering().sub("", fold(self.text), count=1).split())
        return " ".join(word for word in words if word)


@check("markdown.entries", measure="entries")
def entries(context: Context, params: Entries) -> Outcome:
    """A document collects a number of different things, as rows, list items, headings or sentences.

    The largest collection counts. Entries that differ in nothing but the number before them count once.
    """
    page = open_page(context, params.path)
    groups = {key: _distinct(found) for key, found in _collections(page, params).items()}
    if max((len(first) for first, _ in groups.values()), default=0) < FEW:
        groups |= {key: _distinct(found) for key, found in _written(page, params).items()}
    found, again = max(groups.values(), key=lambda group: _size(group, params.min), default=([], []))
    message = f"{page.path} lists {len(found)} different {_plural(params.noun, len(found))}"
    if again:
        message += f"; {plural(len(again), 'repeated one')} on {line_list([one.line for one in again])} not counted"
    if len(found) < params.min:
        message += f", {params.min} are asked for"
    shown = at_lines(
        page, [(one.line, one.text) for one in (again or found)], "a different one" if again else params.noun
    )
    return counted(page, len(found), params.min, "entries", f"{message}.", *shown)


def _size(group: tuple[list[_Entry], list[_Entry]], wanted: int) -> tuple[bool, int]:
    """Return what the largest collection has most of: different entries, if there are enough, else all of them."""
    first, again = group
    return len(first) >= wanted, len(first) + (0 if len(first) >= wanted else len(again))


def _plural(noun: str, number: int) -> str:
    if number == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def _distinct(found: list[_Entry]) -> tuple[list[_Entry], list[_Entry]]:
    """Return the entries that differ in more than their number, and those that repeat one of them."""
    first: dict[str, _Entry] = {}
    again: list[_Entry] = []
    for entry in found:
        if entry.key in first:
            again.append(entry)
        else:
            first[entry.key] = entry
    return list(first.values()), again


def _collections(page: Page, params: Entries) -> dict[Hashable, list[_Entry]]:
    """Return the entries of each table (those with the same heads are one), list and row of sibling headings."""
    links = defaultdict(list)
    for link in page.document.links:
        links[link.line].append(link.target)
    found: dict[Hashable, list[_Entry]] = defaultdict(list)
    for table in page.document.tables:
        is_known = bool(params.columns) and any(matches_name(header, params.columns) for header in table.headers)
        for row in table.rows:
            text = " ".join([cell for cell in row.cells if any(map(str.isalpha, cell))] + links.get(row.line, []))
            name = next((cell for cell in row.cells if any(map(str.isalpha, cell))), "")
            if _is_entry(text, name, params, is_known=is_known):
                found["table", tuple(fold(header) for header in table.headers)].append(_Entry(text, row.line))
    outline = _outline(page)
    lists: dict[Hashable, list[tuple[Passage, str]]] = defaultdict(list)
    for item, nested in _items(page):
        targets = (target for line in range(item.line, item.end_line + 1) for target in links.get(line, ()))
        text = " ".join([item.text, *(passage.text for passage in nested), *targets])
        lists["list", item.level, outline.group(item.line)].append((item, text))
    for key, items in lists.items():
        found[key] = [_Entry(text, item.line) for item, text in _like_most(items, params)]
    for key, topics in _siblings(page).items():
        for topic in _numbered_ones(topics):
            said = (passage.text for passage in topic.text if fold(passage.text) not in page.hollow)
            text = " ".join([topic.title, *said])
            if _is_entry(text, topic.title, params, is_known=topic.words() > 0 and _has_word(topic.title, params)):
                found[key].append(_Entry(text, topic.line))
    return found


def _like_most(items: list[tuple[Passage, str]], params: Entries) -> Iterator[tuple[Passage, str]]:
    """Yield the items that are entries, and those that are written as all of them are, if most are entries."""
    known = {item for item, text in items if _is_entry(text, item.text, params)}
    shape: set[str] = set()
    if len(known) * 2 > len(items) and len(known) >= FEW:
        shape = set.intersection(*(_signs(item) for item in known))
    for item, text in items:
        is_alike = bool(shape) and shape <= _signs(item)
        if item in known or (is_alike and _is_entry(text, item.text, params, is_known=True)):
            yield item, text


def _signs(item: Passage) -> set[str]:
    """Return what sets the parts of an item apart: "Engineer - Acme - Berlin"."""
    head = item.text.split("\n")[0]
    return {sign for sign in SIGNS if sign in head} | ({"bold"} if item.bold else set())


def _items(page: Page) -> Iterator[tuple[Passage, Sequence[Passage]]]:
    """Yield every list item with what is nested in it."""
    passages = page.document.passages
    for index, item in enumerate(passages):
        if item.kind == "item":
            end = index + 1
            while end < len(passages) and passages[end].line <= item.end_line:
                end += 1
            yield item, passages[index + 1 : end]


def _is_entry(text: str, name: str, params: Entries, *, is_known: bool = False) -> bool:
    """Whether a text is an entry: long enough, not named like something else, with one of the words or a link."""
    if count_words([_digits().sub("", text)]) < params.min_words or is_blank(text):
        return False
    if params.other and matches_name(" ".join(name.split()[:3]), params.other) and not _has_word(name, params):
        return False
    return is_known or not params.words or "://" in text or _has_word(text, params)


def _has_word(text: str, params: Entries) -> bool:
    return not params.words or matches_name(text, params.words)


class _Outline(NamedTuple):
    """The headings of a document, and what groups the lists below each."""

    lines: list[int]
    groups: list[int]

    def group(self, line: int) -> int:
        """Return what groups a list: the heading it is under, or its parent if that is below the document's title."""
        above = bisect_left(self.lines, line)
        return self.groups[above - 1] if above else 0


def _outline(page: Page) -> _Outline:
    outline = _Outline([], [])
    parents: list[Topic] = []
    for topic in _headings(page):
        while parents and parents[-1].level >= topic.level:
            parents.pop()
        outline.lines.append(topic.line)
        outline.groups.append(parents[-1].line if parents and parents[-1].level > 1 else topic.line)
        parents.append(topic)
    return outline


def _headings(page: Page) -> list[Topic]:
    return [topic for topic in page.topics if topic.origin == "heading"]


def _siblings(page: Page) -> dict[Hashable, list[Topic]]:
    """Return the headings by level and parent; bold lines are a level of their own."""
    parents: dict[int, int] = {}
    found: dict[Hashable, list[Topic]] = defaultdict(list)
    for topic in _headings(page):
        parent = max((line for level, line in parents.items() if level < topic.level), default=0)
        found["heading", topic.level, parent].append(topic)
        parents = {level: line for level, line in parents.items() if level < topic.level}
        if topic.level < BOLD_LEVEL:
            parents[topic.level] = topic.line
    return found


def _numbered_ones(topics: list[Topic]) -> list[Topic]:
    """Return the headings with a number in them, if most have one: the others are about something else."""
    numbered = [topic for topic in topics if _number().search(topic.title)]
    return numbered if len(numbered) >= max(FEW, len(topics) / 2) else topics


def _written(page: Page, params: Entries) -> dict[Hashable, list[_Entry]]:
    """Return the entries of each section's paragraphs: a paragraph each, or a line, a sentence or a clause."""
    found: dict[Hashable, list[_Entry]] = defaultdict(list)
    outline = _outline(page)
    for passage in page.document.passages:
        if passage.kind != "paragraph" or not _has_word(passage.text, params) or fold(passage.text) in page.hollow:
            continue
        section = outline.group(passage.line)
        for form, parts in _pieces(passage.text):
            for offset, part in parts:
                if _is_entry(part, part, params) and (not params.words or _has_word(part, params)):
                    found[form, section].append(_Entry(part, passage.line + offset))
    for section in {key[1] for key in found if isinstance(key, tuple)}:
        if len(found.get(("paragraph", section), [])) >= FEW:  # each tells of one, in several sentences
            for form in ("line", "sentence", "clause"):
                found.pop((form, section), None)
    return found


def _pieces(text: str) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    yield "paragraph", [(0, text)]
    lines = text.split("\n")
    if len(lines) >= FEW:
        yield "line", list(enumerate(lines))
    for form, expression in (("sentence", _sentences()), ("clause", _clauses())):
        yield form, list(cut(text, expression))


@cache
def _numbering() -> re.Pattern[str]:
    """The number of an entry in its list, with what people call one."""
    return re.compile(
        r"^\W*(?:(?:job )?(?:posting|description|offer|ad|job|vacancy|opening|entry|stelle|anzeige|offre|oferta|vaga|"
        r"offerta|vacature|вакансия|ilan|no|nr|n[º°])\W{0,3})?\d{1,3}(?![\w])\W*"
    )


@cache
def _digits() -> re.Pattern[str]:
    return re.compile(r"\d+")


@cache
def _number() -> re.Pattern[str]:
    return re.compile(r"^\W*\d|\b\d{1,2}\b[.):]?|#\s?\d")


@cache
def _sentences() -> re.Pattern[str]:
    return re.compile(r"[.!?](?=\s)|[。！？।;；]")


@cache
def _clauses() -> re.Pattern[str]:
    return re.compile(r"[;；,，、]|[.!?](?=\s)|[。！？।]")
