"""The markdown.ratings check kind."""

from __future__ import annotations

from infra_grader.checks.markdown._page import Page, Paged, at_lines, counted, line_list, open_page, plural, shorten
from infra_grader.checks.markdown._rated import Assessment, assess
from infra_grader.checks.markdown._rating import Rated
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, check


class Ratings(Paged):
    """How many areas must be rated."""

    min: Annotated[int, Meta(ge=1, description="Fewest different areas with a rating, whatever their names.")] = 10


@check("markdown.ratings", measure="areas")
def ratings(context: Context, params: Ratings) -> Outcome:
    """A document rates a number of areas on the scale that it states: 0-5, 1-5, stars, n/5, percent, or words.

    Ratings may stand in tables, lists, headings or sentences. 0 is an answer. Without a stated scale 10 is the top.
    """
    page = open_page(context, params.path)
    found = assess(context, page)
    rated = list(found.rated)
    if len(rated) < params.min and len(rated) + len(found.doubtful) >= params.min:
        rated += found.doubtful
    off = [one for one in rated if found.is_off(one)]
    if off:
        return _off_scale(page, found, off, len(rated))
    number = len(rated)
    shown: tuple[Evidence, ...] = ()
    message = f"{page.path} rates {plural(number, 'area')}."
    if number < params.min:
        message = f"{page.path} rates {number} of at least {params.min} areas"
        if found.unrated:
            message += f"; no rating on {line_list([one.line for one in found.unrated])}"
            shown = at_lines(page, [(one.line, one.area) for one in found.unrated], "a rating")
        elif rated:
            message += f": {shorten(', '.join(one.area for one in rated), 160)}"
            shown = at_lines(page, [(one.line, one.area) for one in rated[-1:]], "more areas, each with a rating")
        message += "."
    elif rated:
        first = rated[0]
        shown = (Evidence(path=page.path, line=first.line, text=f"first: {shorten(first.area)}"),)
    return counted(page, number, params.min, "areas", message, *shown)


def _off_scale(page: Page, found: Assessment, off: list[Rated], number: int) -> Outcome:
    first = off[0]
    scale = found.scale_of(first)
    bounds = f"{scale.low:g} to {scale.high:g}"
    message = (
        f"{page.path} has {plural(len(off), 'rating')} outside the scale of {bounds}, "
        f"on {line_list([one.line for one in off])}: {shorten(first.area, 40)} {first.rating.value:g}."
    )
    shown = [
        Evidence(
            path=page.path,
            line=one.line,
            expected="{0.low:g} to {0.high:g}".format(found.scale_of(one)),
            actual=one.rating.value,
            text=shorten(one.area),
        )
        for one in off[:5]
    ]
    return Outcome.failed(message, *shown, measure=Measure(value=number - len(off), unit="areas"))
