"""The markdown.priorities check kind."""

from __future__ import annotations

from infra_grader.checks.markdown._page import Names, Paged, open_page, shorten
from infra_grader.checks.markdown._rated import area_stems, assess
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.answer import is_blank
from infra_grader.reading.markdown import count_words
from infra_grader.reading.topics import fold, matches_name


class Priorities(Paged):
    """How gaps and priorities are known."""

    names: Annotated[Names, Meta(description="Names of a section, label or column that tells of gaps and priorities.")]
    min_words: Annotated[int, Meta(ge=1, description="Fewest words that it must say.")] = 6
    areas: Annotated[
        int, Meta(ge=1, description="Or: how many of the areas that the document rates are taken up again elsewhere.")
    ] = 3


@check("markdown.priorities", measure="areas")
def priorities(context: Context, params: Priorities) -> Outcome:
    """A document draws conclusions from its ratings: gaps and priorities are named, or rated areas taken up again.

    The second way knows no language: areas that stand again in text other than their ratings are talked about.
    """
    page = open_page(context, params.path)
    rated = assess(context, page).rated
    rated_lines = {one.line for one in rated}
    again: dict[str, int] = {}
    stems = area_stems(rated)
    for passage in page.document.prose():
        if passage.line not in rated_lines:
            for word in fold(passage.text).replace("/", " ").split():
                if (bare := word.strip(".,;:()[]!\"'")) in stems:
                    again.setdefault(bare, passage.line)
    measure = Measure(value=len(again), unit="areas", threshold=params.areas)
    for topic in page.topics:
        if topic.origin in {"title", "row"} or not matches_name(topic.title, params.names):
            continue
        words = count_words({fold(passage.text) for passage in topic.text if not is_blank(passage.text)})
        if words >= params.min_words:
            shown = Evidence(path=page.path, line=topic.line, expected=params.names[0], actual=shorten(topic.title))
            return Outcome.passed(f"{page.path} names gaps and priorities.", shown, measure=measure)
    evidence = Evidence(
        path=page.path,
        line=min(again.values(), default=None),
        expected=f"gaps and priorities, or {params.areas} rated areas taken up again",
        actual=f"{len(again)} taken up again",
    )
    if len(again) >= params.areas:
        return Outcome.passed(f"{page.path} takes up {len(again)} of its areas again.", evidence, measure=measure)
    return Outcome.failed(f"{page.path} names no gaps and priorities beside its ratings.", evidence, measure=measure)
