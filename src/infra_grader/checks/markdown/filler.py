"""The markdown.filler check kind."""

import re
from collections import Counter
from functools import cache
from typing import NamedTuple

from infra_grader.checks.markdown._hollow import is_lorem
from infra_grader.checks.markdown._page import Page, Paged, at_lines, cut, line_list, open_page, plural, shorten
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.markdown import split_words
from infra_grader.reading.topics import fold, split_label

SENTENCE_WORDS = 6
"""Words from which a sentence may not be repeated; shorter ones are answers such as "Berlin, remote"."""
FEWEST_REPEATS = 4
"""Times that a sentence must stand to be filler."""
VARIETY_WORDS = 60
"""Length from which the number of different words is judged."""
LONG_WORDS = 600
"""Length from which a growing text may repeat its words more and more."""


class Filler(Paged):
    """What counts as filler."""

    max_repeated: Annotated[
        float, Meta(gt=0, lt=1, description="Largest share of the words that may stand in repeated sentences.")
    ] = 0.4
    min_variety: Annotated[float, Meta(gt=0, lt=1, description="Least share of the words that are different.")] = 0.15


class _Sentence(NamedTuple):
    text: str
    line: int
    words: int


@check("markdown.filler")
def filler(context: Context, params: Filler) -> Outcome:
    """A document says something: no lorem ipsum, no sentence repeated to length, no few words over and over."""
    page = open_page(context, params.path)
    sentences = _sentences(page)
    if not sentences:
        raise CheckFailed(f"{page.path} holds no text.", Evidence(path=page.path, expected="text", actual="none"))
    return _lorem(page) or _repeated(page, sentences, params) or _variety(page, params)


def _lorem(page: Page) -> Outcome | None:
    found = [(passage.line, passage.text) for passage in page.document.passages if is_lorem(passage.text)]
    if not found:
        return None
    where = line_list([line for line, _ in found])
    return Outcome.failed(f"{page.path} holds lorem ipsum on {where}.", *at_lines(page, found, "text of your own"))


def _repeated(page: Page, sentences: list[_Sentence], params: Filler) -> Outcome | None:
    counts = Counter(sentence.text for sentence in sentences if sentence.words >= SENTENCE_WORDS)
    total = sum(sentence.words for sentence in sentences)
    seen: set[str] = set()
    again: list[_Sentence] = []
    for sentence in sentences:
        if sentence.text in seen and counts[sentence.text] >= FEWEST_REPEATS:
            again.append(sentence)
        seen.add(sentence.text)
    if sum(sentence.words for sentence in again) <= params.max_repeated * total:
        return None
    text, times = counts.most_common(1)[0]
    where = line_list([sentence.line for sentence in again])
    return Outcome.failed(
        f'{page.path} repeats the same text to length: "{shorten(text, 50)}" stands {times} times, again on {where}.',
        *at_lines(page, [(sentence.line, sentence.text) for sentence in again], "text that is not repeated"),
    )


def _variety(page: Page, params: Filler) -> Outcome:
    words = [fold(word).strip(".,;:!?()") for passage in page.document.prose() for word in split_words(passage.text)]
    different = len(set(words))
    evidence = Evidence(
        path=page.path,
        expected=f"at least {params.min_variety:.0%} different words",
        actual=f"{different} of {len(words)}",
    )
    if len(words) >= VARIETY_WORDS and different < params.min_variety * min(len(words), LONG_WORDS):
        return Outcome.failed(f"{page.path} uses only {plural(different, 'word')} over and over.", evidence)
    return Outcome.passed(f"{page.path} is no filler: {different} different words.", evidence)


def _sentences(page: Page) -> list[_Sentence]:
    """Return the sentences below the headings, without case, labels and leading numbers, which would hide repeats."""
    found: list[_Sentence] = []
    for passage in page.document.prose():
        for offset, part in cut(passage.text, _stops()):
            label = split_label(part)
            text = " ".join(_numbering().sub("", fold(label[1] if label and label[1] else part)).split())
            if text:
                found.append(_Sentence(text, passage.line + offset, len(split_words(text))))
    return found


@cache
def _stops() -> re.Pattern[str]:
    return re.compile(r"[.!?](?=\s|$)|[。！？।]|\n(?=[-*•\d])")


@cache
def _numbering() -> re.Pattern[str]:
    return re.compile(r"^[\W\d]+")


@cache
def _words() -> re.Pattern[str]:
    return re.compile(r"[a-z]+")
