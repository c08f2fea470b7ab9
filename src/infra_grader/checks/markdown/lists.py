"""The markdown.lists check kind."""

from __future__ import annotations

from infra_grader.checks.markdown._page import Paged, at_lines, counted, open_page, plural
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.answer import is_blank
from infra_grader.reading.topics import fold


class Lists(Paged):
    """How many list items are wanted."""

    min: Annotated[int, Meta(ge=1, description="Fewest different items with text; fewer earn their share.")] = 1
    ticked: Annotated[bool, Meta(description="Count only items whose box is ticked.")] = False


@check("markdown.lists", measure="items")
def lists(context: Context, params: Lists) -> Outcome:
    """A document lists a number of different things; an item that stands twice counts once."""
    page = open_page(context, params.path)
    found = {
        fold(" ".join(item.text.split())): item
        for item in reversed(page.document.items)
        if not is_blank(item.text) and (item.ticked or not params.ticked)
    }
    shown = at_lines(page, [(item.line, item.text) for item in reversed(found.values())], "a list item")
    noun = "ticked list item" if params.ticked else "list item"
    message = f"{page.path} has {plural(len(found), noun)}."
    return counted(page, len(found), params.min, "items", message, *shown)
