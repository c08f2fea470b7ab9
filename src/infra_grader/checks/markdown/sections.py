"""The markdown.sections check kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from infra_grader.checks.markdown._page import Names, Page, Paged, open_page, shorten
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.answer import is_blank
from infra_grader.reading.markdown import count_words, split_words
from infra_grader.reading.topics import Topic, fold, matches_name

REPEATED = 3
"""A label that stands so often is a field of entries, no topic of the document."""
TITLE_WORDS = 3
MOST_OF_ONE_WORD = 2
"""How often a word counts, on average: `x x x x x x` is no text."""
"""Longest heading that says nothing by itself: "Resources", but not "Week 3: read the book on Helm"."""

AND = (" and ", " & ", " und ", " y ", " et ", " e ", " en ", " i ", " и ", " och ", " og ", " ve ", " और ", "と", "和")
"""What stands between the last two of several things."""


class Sections(Paged):
    """Which sections are wanted, and how much each must say."""

    sections: Annotated[
        list[Names],
        Meta(
            min_length=1, description="The sections, each by the alternatives for its name; order and level are free."
        ),
    ]
    min_words: Annotated[int, Meta(ge=1, description="Fewest words that each must say below its title.")] = 5
    min_points: Annotated[
        int, Meta(ge=0, description="Fewest points that each must make: list items, rows, or parts of a sentence.")
    ] = 0
    sentences: Annotated[
        bool, Meta(description="Whether a sentence that uses the name serves as well as a section or label.")
    ] = False
    sentence_names: Annotated[
        tuple[str, ...], Meta(description="What such a sentence must contain instead of the name.")
    ] = ()
    links: Annotated[bool, Meta(description="Whether a link anywhere serves as well, for a list of sources.")] = False
    once: Annotated[
        bool,
        Meta(description="Leave out fields of entries: labels that stand three times, rows, columns but the first."),
    ] = False


@check("markdown.sections", measure="sections")
def sections(context: Context, params: Sections) -> Outcome:
    """A document has the sections that are asked for, each with text of its own.

    A section is what stands below a heading or a bold line, after a label and colon, or in a column or row so named.
    """
    page = open_page(context, params.path)
    evidence = [_judge(page, names, params) for names in params.sections]
    there = sum(found for found, _ in evidence)
    missing = [names[0] for names, (found, _) in zip(params.sections, evidence, strict=True) if not found]
    message = (
        f"{page.path} lacks text on: {', '.join(missing)}." if missing else f"{page.path} has all sections, filled."
    )
    return Outcome.partial(
        Fraction(there, len(params.sections)),
        message,
        *(shown for _, shown in evidence),
        measure=Measure(value=there, unit="sections", threshold=len(params.sections)),
    )


def _judge(page: Page, names: list[str], params: Sections) -> tuple[bool, Evidence]:
    """Return whether one of the sections is there and filled, with the place of the best candidate."""
    if params.links and page.document.links:
        link = page.document.links[0]
        return True, Evidence(path=page.path, line=link.line, expected=names[0], actual=shorten(link.target))
    best: tuple[int, int, Topic] | None = None
    for topic in _candidates(page, names, params):
        words, points = _own_words(topic, page.hollow), _points(topic)
        if words >= params.min_words and points >= params.min_points:
            return True, Evidence(path=page.path, line=topic.line, expected=names[0], actual=shorten(topic.title))
        if best is None or (words, points) > best[:2]:
            best = (words, points, topic)
    wanted = f"{names[0]}: at least {params.min_words} words"
    if params.min_points:
        wanted += f" and {params.min_points} points"
    if best is None:
        return False, Evidence(path=page.path, expected=wanted, actual="no such section")
    words, points, topic = best
    actual = f"{shorten(topic.title, 40)}: {words} words" + (f", {points} points" if params.min_points else "")
    return False, Evidence(path=page.path, line=topic.line, expected=wanted, actual=actual)


def _candidates(page: Page, names: list[str], params: Sections) -> Iterator[Topic]:
    fitting = [topic for topic in page.topics if topic.origin != "title" and matches_name(topic.title, names)]
    if params.once:
        fitting = [
            topic for topic in fitting if topic.origin != "row" and not (topic.origin == "column" and topic.level)
        ]
        seen = Counter(fold(topic.title) for topic in fitting)
        fitting = [topic for topic in fitting if seen[fold(topic.title)] < REPEATED]
    yield from fitting
    if params.sentences and (params.once or not any(map(_is_left_empty, fitting))):
        kinds = {"paragraph", "item"} if params.once else {"paragraph", "item", "cell"}
        for passage in page.document.passages:
            if passage.kind in kinds and matches_name(passage.text, params.sentence_names or names):
                yield Topic(passage.text, passage.line, "lead", 0, (passage,))


def _is_left_empty(topic: Topic) -> bool:
    """Whether a heading announces what is asked for and nothing follows; no sentence elsewhere makes up for it."""
    return topic.origin == "heading" and not topic.body and len(topic.title.split()) <= TITLE_WORDS


def _own_words(topic: Topic, hollow: frozenset[str]) -> int:
    """Return the number of words of a section: no blanks, no filler, each text once, and no word a hundred times."""
    texts = {fold(passage.text) for passage in topic.text if not is_blank(passage.text)} - hollow
    different = {word for text in texts for word in split_words(text)}
    return min(count_words(texts), MOST_OF_ONE_WORD * len(different))


def _points(topic: Topic) -> int:
    """Return how many points a section makes: items, rows and paragraphs, or the parts of its longest text."""
    texts = {fold(passage.text): passage for passage in topic.text if not is_blank(passage.text)}
    lines = {passage.line for passage in texts.values()}
    parts = max((_parts(passage.text) for passage in texts.values()), default=0)
    return max(len(lines), parts)


def _parts(text: str) -> int:
    """Return the number of things that a sentence names in a row."""
    for sign in ("，", "、", ";", "；", "\n", "،"):
        text = text.replace(sign, ",")
    for word in AND:
        text = text.replace(word, ",")
    return sum(not is_blank(part) for part in text.replace(". ", ",").split(","))
