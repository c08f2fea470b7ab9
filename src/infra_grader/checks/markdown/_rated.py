"""The areas that a document rates, wherever they stand, and the scales that hold for them."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from infra_grader.checks.markdown._page import Page
from infra_grader.checks.markdown._rated_lines import rated_lines
from infra_grader.checks.markdown._rated_tables import take_table
from infra_grader.checks.markdown._rating import Rated, Unrated
from infra_grader.checks.markdown._scales import find_scales, table_legend
from infra_grader.plugin import Context
from infra_grader.reading.answer import UNSTATED_TOP, Scale
from infra_grader.reading.topics import fold


class Assessment(NamedTuple):
    """All that a document rates."""

    rated: tuple[Rated, ...]
    """Each area once, in the order of the file."""
    doubtful: tuple[Rated, ...]
    """Numbers that look like ratings in lists where most are off the scale."""
    unrated: tuple[Unrated, ...]
    scales: tuple[tuple[int, Scale], ...]
    """The scales that the text states, with their lines."""
    drawn: float | None = None
    """Length of the rows of stars, full and empty, where they agree."""

    def scale_of(self, rated: Rated) -> Scale:
        """Return the scale that holds for a rating: its own, its column's, the last one stated before it."""
        top = rated.rating.top
        if rated.rating.form in {"ratio", "percent"} and top is not None:
            return Scale(0.0, top)
        if rated.scale is not None:
            return rated.scale
        before = [scale for line, scale in self.scales if line <= rated.line]
        stated = before[-1] if before else self.scales[0][1] if self.scales else Scale(0.0, UNSTATED_TOP)
        if rated.rating.form == "stars" and self.drawn and not self.scales:
            return Scale(0.0, top or self.drawn)
        if rated.rating.form == "stars":
            own = Scale(0.0, min(stated.high, top) if top else stated.high)
            return own if stated.high <= UNSTATED_TOP else Scale(0.0, top or UNSTATED_TOP)
        return stated

    def is_off(self, rated: Rated) -> bool:
        """Whether a rating lies outside its scale."""
        return rated.rating.value is not None and not self.scale_of(rated).holds(rated.rating.value)


def assess(context: Context, page: Page) -> Assessment:
    """Return what a document rates."""
    return context.shared(("markdown ratings", page.path), lambda: _assess(page))


def _assess(page: Page) -> Assessment:
    scales = tuple(sorted(find_scales(page)))
    found: list[Rated] = []
    unrated: list[Unrated] = []
    legends = {table.group for table in page.document.tables if table_legend(table) is not None}
    for table in page.document.tables:
        if table.group not in legends:
            take_table(table, found, unrated)
    found += rated_lines(page)
    tops = {one.rating.top for one in found if one.rating.form == "stars" and one.rating.top}
    drawn = tops.pop() if len(tops) == 1 else None
    plain = Assessment((), (), (), scales, drawn)
    rated, doubtful = _sort_out(plain, sorted(found, key=lambda one: one.line))
    known = {fold(one.area) for one in rated}
    return Assessment(
        tuple(rated), tuple(doubtful), tuple(one for one in unrated if fold(one.area) not in known), scales, drawn
    )


def _sort_out(plain: Assessment, found: list[Rated]) -> tuple[list[Rated], list[Rated]]:
    """Return the ratings, each area once, apart from groups of bare numbers that are mostly off the scale."""
    groups: dict[tuple[object, ...], list[Rated]] = defaultdict(list)
    for one in found:
        groups[one.group].append(one)
    unlikely = {
        group
        for group, members in groups.items()
        if members[0].rating.form == "number" and sum(map(plain.is_off, members)) * 2 > len(members)
    }
    rated: dict[str, Rated] = {}
    doubtful: list[Rated] = []
    for one in found:
        if one.group in unlikely:
            doubtful.append(one)
        else:
            rated.setdefault(fold(one.area), one)
    return list(rated.values()), doubtful


def area_stems(rated: Iterable[Rated]) -> set[str]:
    """Return the telling words of the areas, folded."""
    return {
        word for one in rated for word in re.findall(r"[^\W\d_]{2,}", fold(one.area)) if len(word) > 2 or word.isupper()
    }
