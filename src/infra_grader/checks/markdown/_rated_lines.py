"""The ratings in a document's headings, list items and sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from infra_grader.checks.markdown._page import Page, cut
from infra_grader.checks.markdown._rating import RATING_NAMES, Rated, is_area
from infra_grader.reading.answer import SCALE_SIGNS, Rating, find_ratings, is_blank, read_rating, read_scale
from infra_grader.reading.markdown import Passage
from infra_grader.reading.timespan import unit_of
from infra_grader.reading.topics import fold, matches_name, split_label

MAX_AREA_WORDS = 8
NAMED = "named"
"""Marks the group of a rating that is labelled as one: "Rating: 3" below the name of the area."""
CLAUSE_WORDS = 12
FEWEST_CLAUSES = 3
"""Numbers in sentences are ratings only in such company: "Python is a 3, Docker a 2 and Git a 4"."""


def rated_lines(page: Page) -> Iterator[Rated]:
    """Yield what headings, list items and paragraphs rate.

    A bare number is a rating in the company of others; one alone is a count of something.
    """
    sizes = Counter(item.group for item in page.document.items)
    found = list(_candidates(page))
    counts = Counter(one.group for one in found)
    for one in found:
        kind, group, *_ = one.group
        size = sizes[group] if kind == "item" and isinstance(group, int) else 0
        if one.rating.form != "number" or NAMED in one.group or counts[one.group] * 2 >= max(size, 4):
            yield one


def _candidates(page: Page) -> Iterator[Rated]:
    """Yield all that may be a rating; a line that names no area is about the item or heading above it."""
    parents: list[tuple[int, str]] = []
    heading = ""
    for passage in page.document.passages:
        if passage.kind == "cell":
            continue
        if passage.kind == "item":
            while parents and parents[-1][0] >= passage.level:
                parents.pop()
            yield from _from_passage(passage, parents[-1][1] if parents else heading)
            parents.append((passage.level, passage.text.split("\n")[0].rstrip(" :")))
            continue
        if passage.kind == "heading":
            parents = []
            heading = passage.text
        elif passage.bold and passage.bold.rstrip(" :") == passage.text.rstrip(" :"):
            heading = passage.bold.rstrip(" :")
        yield from _from_passage(passage, heading)


def _from_passage(passage: Passage, above: str) -> list[Rated]:
    place: tuple[object, ...] = (
        (passage.kind, passage.group) if passage.kind == "item" else (passage.kind, passage.level or above)
    )
    found: list[Rated] = []
    for offset, line in enumerate(passage.text.split("\n")):
        if read_scale(line) is not None and len(find_ratings(line)) < 2:
            continue
        one = _split_line(line)
        if one is not None:
            area, rating = one
            group = (*place, rating.form)
            if is_blank(area) or (len(area.split()) <= 3 and matches_name(area, RATING_NAMES, inside=False)):
                area, group = above, (*group, NAMED)
            if is_area(area):
                found.append(Rated(area.strip(), rating, passage.line + offset, None, group))
    if not found and passage.kind != "heading":
        found = _from_sentence(passage, place)
    return found


def _split_line(line: str) -> tuple[str, Rating] | None:
    """Return area and rating of a line such as `Python: 3`, `Docker (2/5)`, `Git ★★★`, `3/5 Linux`."""
    label = split_label(line)
    if label is not None:
        rating = read_rating(label[1])
        return (label[0], rating) if rating is not None else None
    close, _, answer = line.partition(":")
    if close[-1:].isalpha() and answer[:1].isdigit() and (rating := read_rating(answer)) is not None:
        return close, rating  # "Python:4"
    explicit = find_ratings(line)
    if explicit:
        return _around(line, explicit[0]) if _is_single(explicit) else None
    match = _separated().match(line)
    if match is None:
        return None
    rating = read_rating(match[2])
    if rating is None or len(match[1].split()) > MAX_AREA_WORDS:
        return None
    return match[1], rating


def _is_single(ratings: list[Rating]) -> bool:
    """Whether a line rates one thing: one rating, or a present and a wanted one right after it."""
    return len(ratings) == 1 or (len(ratings) == 2 and ratings[1].start - ratings[0].end < 12)


def _around(line: str, rating: Rating) -> tuple[str, Rating] | None:
    before = line[: rating.start].strip(" -–—=:(|→.*")
    remark = line[rating.end :].lstrip()
    after = remark.strip(" -–—=:)|→.*")
    if before and after and remark[0] not in "(),;:–—-|→=.[":
        return None  # in the middle of a sentence
    area = before or after
    return (area, rating) if len(area.split()) <= MAX_AREA_WORDS else None


def _from_sentence(passage: Passage, place: tuple[object, ...]) -> list[Rated]:
    """Return what the clauses of a passage rate."""
    found: list[Rated] = []
    bare: list[Rated] = []
    if SCALE_SIGNS.isdisjoint(passage.text):
        return found
    text = _legends().sub("", passage.text) if "=" in passage.text else passage.text
    for offset, clause in cut(text, _clauses()):
        line = passage.line + offset
        explicit = find_ratings(clause)
        if explicit:
            rest = clause[: explicit[0].start] + " " + clause[explicit[0].end :]
            if is_area(area := _area_of(rest)):
                found.append(Rated(area, explicit[0], line, None, (*place, explicit[0].form)))
        elif (match := _lone_number().fullmatch(clause.strip())) and len(clause.split()) <= CLAUSE_WORDS:
            area = _area_of(match[1])
            after = match[3].split()
            is_count = bool(after) and (unit_of(fold(after[0])) is not None or len(after) > 2)
            if is_area(area) and not is_count:
                rating = Rating(float(match[2].replace(",", ".")), None, "number", 0, 0)
                bare.append(Rated(area, rating, line, None, (*place, "clause")))
    return [one for part in (found, bare) if len(part) >= FEWEST_CLAUSES for one in part]


def _area_of(words: str) -> str:
    """Return the words of a clause that may name an area: those with a letter."""
    kept = [word.strip(".,;:()[]!\"'") for word in words.split() if any(map(str.isalpha, word))]
    return " ".join(kept[-MAX_AREA_WORDS:])


@cache
def _separated() -> re.Pattern[str]:
    """An area, a sign, and what may be its rating; the sign stands apart, so that hyphened words stay whole."""
    return re.compile(r"([^\n]{1,80}?)\s*(?:\s[-–—=→|]{1,2}|[–—=→|](?=\s)|\.{3,}|\s?\()\s*([^\n]{1,80})$")


@cache
def _legends() -> re.Pattern[str]:
    """A scale in brackets, which is no part of the clause before it: "(0 = never, 5 = daily)"."""
    return re.compile(r"\([^()=\n]{0,40}=[^()\n]{0,200}\)")


@cache
def _clauses() -> re.Pattern[str]:
    return re.compile(
        r"[;、，。।]|,(?!\d)|[.!?](?=\s|$)|\s(?:and|und|y|et|e|en|i|и|och|og|ve|while|but|aber|और|以及|和)\s",
        re.IGNORECASE,
    )


@cache
def _lone_number() -> re.Pattern[str]:
    return re.compile(r"([^\d]{2,90}?)(?<![\w.,$€£¥₹])(\d{1,3}(?:[.,]\d)?)(?![\w%]|[.,]\d)([^\d]{0,40})")
