"""The markdown.amounts check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from infra_grader.checks.markdown._page import Page, Paged, at_lines, open_page, plural, share_of, shorten
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.amount import find_amounts
from infra_grader.reading.answer import is_blank
from infra_grader.reading.topics import matches_name

NO_PLACES = (
    "salar", "pay", "range", "average", "median", "mean", "junior", "senior", "mid", "entry", "lead", "principal",
    "staff",
    "engineer", "developer", "role", "level", "title", "total", "base", "bonus", "market", "expect", "minimum",
    "maximum", "low",
    "high", "typical", "compens", "the", "usd", "eur", "gbp", "inr", "year", "per", "devops", "mlops", "platform",
    "cloud",
    "infrastructure", "machine", "job", "posting", "research", "summary", "finding", "money", "number", "administrator",
    "analyst", "associate", "reliability", "graduate", "trainee", "specialist", "architect",
    "scientist", "learning", "data", "intern", "starting", "figure", "annual", "monthly", "gross",
    "net",
)  # fmt: skip
"""Starts of capitalised words that name no place."""


class Amounts(Paged):
    """How many amounts are wanted, and what they are about."""

    min: Annotated[int, Meta(ge=1, description="Fewest amounts; fewer earn their share.")] = 1
    labels: Annotated[
        tuple[str, ...],
        Meta(description="Below a label so named a plain number of three digits or more is an amount as well."),
    ] = ()
    places: Annotated[
        tuple[str, ...],
        Meta(description="If given, a place must be named too: below a label so named, or by a name after `in`."),
    ] = ()


@check("markdown.amounts", measure="amounts")
def amounts(context: Context, params: Amounts) -> Outcome:
    """A document names amounts of money, with their currency, and the place that they are for."""
    page = open_page(context, params.path)
    found = sorted({*_with_currency(page), *_labelled(page, params)})
    if not found:
        raise CheckFailed(
            f"{page.path} names no amount of money.",
            Evidence(
                path=page.path, expected="an amount with its currency, such as $85,000 or 60.000 €", actual="none"
            ),
        )
    measure = Measure(value=len(found), unit="amounts", threshold=params.min)
    place = _place(page, params.places, {line for line, _ in found}) if params.places else (None, "")
    if place is None:
        return Outcome.failed(
            f"{page.path} names {plural(len(found), 'amount')} and no place that they are for.",
            *at_lines(page, found, "a place beside the amount"),
            measure=measure,
        )
    shown = at_lines(page, found, "an amount")
    if place[0] is not None:
        shown += (Evidence(path=page.path, line=place[0], expected="a place", actual=shorten(place[1])),)
    return Outcome.partial(
        share_of(len(found), params.min),
        f"{page.path} names {plural(len(found), 'amount')}.",
        *shown,
        measure=measure,
    )


def _with_currency(page: Page) -> Iterator[tuple[int, str]]:
    for passage in page.document.passages:
        for offset, line in enumerate(passage.text.split("\n")):
            yield from ((passage.line + offset, amount) for amount in find_amounts(line))


def _labelled(page: Page, params: Amounts) -> Iterator[tuple[int, str]]:
    """Yield the plain numbers below a label for amounts, and in sentences that use one."""
    if not params.labels:
        return
    names = params.labels
    for topic in page.topics:
        if topic.origin != "heading" and matches_name(topic.title, names):
            for passage in topic.text:
                yield from ((passage.line, match[0]) for match in _large().finditer(passage.text))
    for passage in page.document.passages:
        if passage.kind != "cell" and matches_name(passage.text, names):
            yield from ((passage.line, match[0]) for match in _large().finditer(passage.text))


def _place(page: Page, names: tuple[str, ...], lines: set[int]) -> tuple[int, str] | None:
    """Return where the document names a place, and which: a label, a word such as "remote", a name near an amount."""
    for topic in page.topics:
        if matches_name(topic.title, names):
            for passage in topic.text:
                if not is_blank(passage.text) and any(map(str.isalpha, passage.text)):
                    return passage.line, passage.text
    for passage in page.document.passages:
        if passage.kind != "cell" and matches_name(passage.text, names):
            return passage.line, passage.text
        for match in _after_preposition().finditer(passage.text):
            if not match[0].lower().startswith(NO_PLACES):  # "Engineer, Acme" is no "Austin, Texas"
                return passage.line, match[0]
    return _name_near(page, lines)


def _name_near(page: Page, lines: set[int]) -> tuple[int, str] | None:
    """Return a proper name on one of the lines, or in a label above them."""
    about = [(topic.line, topic.title) for topic in page.topics if lines.intersection(p.line for p in topic.body)]
    about += [(passage.line, passage.text) for passage in page.document.passages if passage.line in lines]
    for line, text in about:
        for match in _proper_name().finditer(text):
            if not match[0].lower().startswith(NO_PLACES):
                return line, match[0]
    return None


@cache
def _large() -> re.Pattern[str]:
    return re.compile(
        r"(?<![A-Za-z0-9_.,])\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3}){1,4}(?!\d)"
        r"|(?<![A-Za-z0-9_.,])(?!(?:19|20)\d\d\b)\d{3,9}\b"
    )


@cache
def _after_preposition() -> re.Pattern[str]:
    return re.compile(
        r"\b(?i:in|at|near|around|bei|aus|für|à|a|au|en|em|no|na|w|we|v|в|во|на|de|di|te|från|i|til)\s"
        r"[A-ZÀ-ÖØ-ÞĀ-ŽА-Я][^\W\d_]+|[A-Z][a-z]+,\s[A-Z][A-Za-z]+|[\u0900-\u0dff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]{2,}"
    )


@cache
def _proper_name() -> re.Pattern[str]:
    return re.compile(r"\b[A-ZÀ-ÖØ-ÞĀ-ŽА-Я][^\W\d_]{2,}")
