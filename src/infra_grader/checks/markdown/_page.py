"""The document that a check of this family looks at, parsed once a submission."""

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from infra_grader.checks.markdown._hollow import hollow_texts
from infra_grader.plugin import (
    Annotated,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    places,
)
from infra_grader.reading.markdown import Document, parse_markdown
from infra_grader.reading.topics import Topic, find_topics

SHOWN = 5
"""Lines at fault that are named in one outcome; the message has the count of all."""

Name = Annotated[str, Meta(min_length=1)]
Names = Annotated[
    list[Name],
    Meta(
        min_length=1,
        description="Alternatives: a title fits if a word of it starts with one of them, whatever case and accents.",
    ),
]


class Paged(Params):
    """What every kind of this family asks for."""

    path: Annotated[Places, Meta(description="The document, or several places that may hold it.")]


class Page(NamedTuple):
    """A document of the submission."""

    path: str
    text: str
    document: Document
    topics: tuple[Topic, ...]
    hollow: frozenset[str]
    """Folded texts that say nothing where they stand: lorem ipsum, a sentence that is repeated to length."""


def open_page(context: Context, path: str | list[str]) -> Page:
    """Return the first document that is there. Raises `CheckFailed` if none is, or if it is no text."""
    found = context.workspace.first(places(path))

    def read() -> Page:
        text = context.workspace.read_text(found)
        document = parse_markdown(found, text)
        return Page(found, text, document, find_topics(document), hollow_texts(document))

    return context.shared(("markdown", found), read)


def share_of(actual: int, wanted: int) -> Fraction:
    """Return how much of what is wanted is there, 1 at most."""
    return min(Fraction(1), Fraction(actual, max(wanted, 1)))


def counted(page: Page, actual: int, wanted: int, unit: str, message: str, *evidence: Evidence) -> Outcome:
    """Return the outcome of counting something of which at least a number is wanted."""
    return Outcome.partial(
        share_of(actual, wanted),
        message,
        Evidence(path=page.path, expected=f"at least {wanted}", actual=actual, unit=unit),
        *evidence,
        measure=Measure(value=actual, unit=unit, threshold=wanted),
    )


def at_lines(page: Page, found: Iterable[tuple[int, str]], expected: str) -> tuple[Evidence, ...]:
    """Return evidence for the first few places of a fault: (line, what stands there)."""
    return tuple(
        Evidence(path=page.path, line=line, expected=expected, actual=shorten(text))
        for line, text in list(dict.fromkeys(found))[:SHOWN]
    )


def cut(text: str, at: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Yield the parts of a text between the matches, each with the number of lines before it."""
    line = position = 0
    for match in at.finditer(text):
        yield _start(line, part := text[position : match.start()]), part
        line += part.count("\n") + match[0].count("\n")
        position = match.end()
    yield _start(line, text[position:]), text[position:]


def _start(line: int, part: str) -> int:
    return line + part.count("\n", 0, len(part) - len(part.lstrip()))


def shorten(text: str, size: int = 80) -> str:
    """Return a text on one line, cut to a size."""
    flat = " ".join(text.split())
    return flat if len(flat) <= size else flat[: size - 1] + "…"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun: "1 blank", "2 blanks"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def line_list(lines: Sequence[int]) -> str:
    """Return the first few line numbers in words: "line 3", "lines 3, 5 and 2 more"."""
    unique = sorted(set(lines))
    shown = ", ".join(map(str, unique[:SHOWN]))
    more = f" and {len(unique) - SHOWN} more" if len(unique) > SHOWN else ""
    return f"{'line' if len(unique) == 1 else 'lines'} {shown}{more}"
