"""The markdown.links check kind."""

from __future__ import annotations

from infra_grader.checks.markdown._page import Paged, at_lines, counted, open_page, plural
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check


class Links(Paged):
    """How many links are wanted."""

    min: Annotated[int, Meta(ge=1, description="Fewest different targets; fewer earn their share.")] = 1
    to: Annotated[tuple[str, ...], Meta(description="Only targets that contain one of these texts count.")] = ()
    images: Annotated[bool, Meta(description="Count images in place of links.")] = False


@check("markdown.links", measure="links")
def links(context: Context, params: Links) -> Outcome:
    """A document links to a number of different places; the same target counts once."""
    page = open_page(context, params.path)
    noun = "image" if params.images else "link"
    found = {
        link.target: link
        for link in reversed(page.document.images if params.images else page.document.links)
        if link.target.strip("#") and (not params.to or any(text in link.target for text in params.to))
    }
    shown = at_lines(page, [(link.line, link.target) for link in reversed(found.values())], noun)
    message = f"{page.path} has {plural(len(found), noun)}."
    return counted(page, len(found), params.min, "links", message, *shown)
