"""The markdown.horizons check kind."""

import re
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from infra_grader.checks.markdown._page import Page, Paged, open_page
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.answer import is_blank
from infra_grader.reading.markdown import Passage, count_words
from infra_grader.reading.timespan import Span, find_spans, number_of
from infra_grader.reading.topics import Topic, fold, matches_name

NEAR = 0.7
"""Months by which a horizon may differ: 26 weeks are six months."""
LABEL_WORDS = 12
"""Longest cell that is a label, not a sentence."""

PAST = (
    "experien", "erfahr", "esperienz", "ervaring", "doswiadcz", "опыт", "deneyim", "经验", "経験", "경험", "अनुभव",
    "erfarenhet",
    " ago", "last ", "past ", "letzten", " seit ", "depuis", "hace ", "geleden", " temu", "назад", "once ",
    "worked for",
    "for the last", "since ",
)  # fmt: skip
"""What shows that a span of time lies behind the writer, folded."""


NOW = (
    "current", "today", "now", "present", "background", "where i am", "starting", "heute", "aktuell", "jetzt",
    "stand", "herkunft",
    "actuel", "aujourd", "actual", "hoy", "partida", "attual", "oggi", "atual", "hoje", "huidig", "vandaag",
    "obecn", "dzis",
    "сейчас", "текущ", "сегодня", "mevcut", "bugun", "现状", "目前", "现在", "現在", "現状", "현재", "वर्तमान",
    "nu", "idag", "nuvarande",
)  # fmt: skip
"""Starts of labels for the present, whose spans of time are no goals."""

AHEAD_WORDS = (
    "in within by after over next coming until innerhalb nach bis binnen dans ici d'ici apres sous sur en dentro "
    "tras entro tra "
    "fra dopo em daqui apos na za po w ciagu через за к спустя om inom efter icinde ahead month year ab nachsten "
    "kommenden "
    "prochains proximos prossimi komende"
)
AHEAD = frozenset(map(fold, AHEAD_WORDS.split()))
"""Words before a span of time that lies ahead."""

LATER = (
    "後",
    "后",
    "以内",
    "内",
    "まで",
    "후",
    "안에",
    "내에",
    "में",
    "बाद",
    "से",
    "sonra",
    "içinde",
    "from now",
    "later",
)
BEHIND_IT = tuple(map(fold, LATER))
"""Words after a span of time that lies ahead."""


ONE = frozenset({"one", "eins", "один", "одна", "одну", "jeden", "jedna"})
"""Words for one that are not articles as well."""
HAN_NUMBERS = frozenset("二三四五六七八九十百千万两")


class Horizons(Paged):
    """Which horizons are wanted, and what each must say."""

    months: Annotated[
        tuple[Annotated[int, Meta(ge=1)], ...], Meta(min_length=1, description="The horizons, in months from now.")
    ] = (6, 12, 36)
    min_words: Annotated[int, Meta(ge=1, description="Fewest words that each must say.")] = 8
    numbers: Annotated[bool, Meta(description="Whether each must also hold a number that can be measured.")] = False


class _Content(NamedTuple):
    """What a document says about one horizon."""

    line: int
    text: str


@check("markdown.horizons")
def horizons(context: Context, params: Horizons) -> Outcome:
    """A document says something of its own about each of the named horizons, such as 6 months, 1 year and 3 years.

    A horizon may be a heading, a label, a row, a column or a sentence, in digits or words, in months or years.
    """
    page = open_page(context, params.path)
    found = _find_horizons(page, params.months)
    evidence: list[Evidence] = []
    missing: list[str] = []
    bare: list[str] = []
    for months in params.months:
        name = name_horizon(months)
        texts = found[months]
        line = texts[0].line if texts else None
        words = count_words({fold(content.text) for content in texts})
        wanted = f"{name}: at least {params.min_words} words"
        if words < params.min_words:
            missing.append(name)
        elif params.numbers and not any(has_number(content.text) for content in texts):
            bare.append(name)
        if params.numbers:
            wanted += " and a number"
        actual = f"{name}: {words} words" if texts else f"{name}: not there"
        if name in bare:
            actual += ", no number"
        evidence.append(Evidence(path=page.path, line=line, expected=wanted, actual=actual))
    good = len(params.months) - len(missing) - len(bare)
    return Outcome.partial(Fraction(good, len(params.months)), _message(page, params, missing, bare), *evidence)


def name_horizon(months: int) -> str:
    """Return a horizon in words: "6 months", "1 year", "3 years"."""
    if months % 12:
        return f"{months} months" if months > 1 else "1 month"
    return "1 year" if months == 12 else f"{months // 12} years"


def has_number(text: str) -> bool:
    """Whether a text holds a number that is neither a span of time nor a year of the calendar."""
    folded = _without_spans(text)
    for match in _numbers().finditer(folded):
        word = match[0]
        if word[0].isdigit():
            if not _calendar_year().fullmatch(word):
                return True
        elif word in ONE or (number_of(word) or 0) >= 2:
            return True
    return not HAN_NUMBERS.isdisjoint(folded)


def _message(page: Page, params: Horizons, missing: list[str], bare: list[str]) -> str:
    faults = [
        f"{fault}: {', '.join(names)}"
        for fault, names in (("says nothing of its own about", missing), ("has no number to measure by for", bare))
        if names
    ]
    return f"{page.path} {' and '.join(faults) or 'covers ' + ', '.join(map(name_horizon, params.months))}."


def _find_horizons(page: Page, wanted: tuple[int, ...]) -> dict[int, list[_Content]]:
    found: dict[int, list[_Content]] = defaultdict(list)
    claimed: dict[tuple[int, str], set[int]] = defaultdict(set)
    for months, line, body in _labelled(page, wanted):
        for passage in body:
            claimed[passage.line, passage.text].add(months)
            text = _without_spans(passage.text).strip()
            if not is_blank(text):
                found[months].append(_Content(line, text))
    for passage in page.document.prose():
        owners = claimed.get((passage.line, passage.text), set())
        for months, text in _in_sentences(passage, wanted):
            if not owners or months in owners:
                found[months].append(_Content(passage.line, text))
    return found


def _labelled(page: Page, wanted: tuple[int, ...]) -> Iterator[tuple[int, int, tuple[Passage, ...]]]:
    """Yield horizon, line and text of each label that names exactly one horizon; 0 is the present."""
    headings = [topic for topic in page.topics if topic.origin == "heading"]
    for topic in page.topics:
        if topic.origin == "title" or (headings == [topic] and _is_title(topic, wanted)):
            continue
        months = _only(topic.title, wanted)
        if months is None and matches_name(topic.title, NOW, inside=False):
            months = 0
        if months is not None:
            yield months, topic.line, topic.text
    for table in page.document.tables:
        for row in table.rows:
            for number, cell in enumerate(row.cells[1:], 1):
                if len(cell.split()) <= LABEL_WORDS and (months := _only(cell, wanted)) is not None:
                    rest = [*row.cells[:number], *row.cells[number + 1 :]]
                    yield months, row.line, tuple(Passage("cell", text, row.line) for text in rest)


def _is_title(topic: Topic, wanted: tuple[int, ...]) -> bool:
    """Whether the only heading names a horizon and stands above sentences on others: "Three years from now"."""
    own = _only(topic.title, wanted)
    return own is not None and any(
        months != own for passage in topic.text for months, _ in _in_sentences(passage, wanted)
    )


def _only(title: str, wanted: tuple[int, ...]) -> int | None:
    """Return the one horizon that a title names, or `None`."""
    named = {months for span in find_spans(title) if (months := _horizon(span, wanted)) is not None}
    return named.pop() if len(named) == 1 else None


def _horizon(span: Span, wanted: tuple[int, ...]) -> int | None:
    return next((months for months in wanted if abs(span.months - months) < NEAR), None)


def _in_sentences(passage: Passage, wanted: tuple[int, ...]) -> Iterator[tuple[int, str]]:
    """Yield horizon and text of the sentences that name one, with those that follow until another is named."""
    current: int | None = None
    for sentence in _stops().split(passage.text):
        folded = fold(sentence)
        spans = [span for span in find_spans(sentence) if _horizon(span, wanted) is not None]
        if spans and (
            any(stem in f" {folded} " for stem in PAST) or not any(_is_ahead(folded, span) for span in spans)
        ):
            continue
        if len({_horizon(span, wanted) for span in spans}) > 1:
            yield from _in_clauses(folded, spans, wanted)
            current = None
            continue
        if spans:
            current = _horizon(spans[0], wanted)
        text = _without_spans(sentence).strip()
        if current is not None and text:
            yield current, text


def _is_ahead(folded: str, span: Span) -> bool:
    """Whether a span of time in a sentence lies ahead: it starts the sentence, or a word for "within" is beside it."""
    before = folded[: span.start].replace("'", " ").split()
    after = folded[span.end :].lstrip()
    return len(before) <= 1 or not AHEAD.isdisjoint(before[-3:]) or after.startswith(BEHIND_IT)


def _in_clauses(folded: str, spans: list[Span], wanted: tuple[int, ...]) -> Iterator[tuple[int, str]]:
    """Yield horizon and text for a sentence that names several: each has what follows it, up to the next."""
    for span, following in zip(spans, [*spans[1:], None], strict=True):
        months = _horizon(span, wanted)
        end = following.start if following is not None else len(folded)
        if months is not None:
            yield months, folded[span.end : end].strip()


def _without_spans(text: str) -> str:
    """Return a text, folded, with its spans of time cut out."""
    folded = fold(text)
    pieces: list[str] = []
    position = 0
    for span in find_spans(text):
        pieces.append(folded[position : max(position, span.start)])
        position = max(position, span.end)
    return " ".join([*pieces, folded[position:]])


@cache
def _stops() -> re.Pattern[str]:
    return re.compile(r"(?<!\d)[.](?=\s|$)|[!?;](?=\s|$)|[。！？；।]")


@cache
def _numbers() -> re.Pattern[str]:
    return re.compile(r"(?<![A-Za-z0-9_.])\d[\d.,]*|[^\W\d_]+|[\u0900-\u0dff]+")


@cache
def _calendar_year() -> re.Pattern[str]:
    return re.compile(r"(?:19|20)\d\d[.,]?")
