"""The markdown.words check kind."""

from __future__ import annotations

from infra_grader.checks.markdown._page import Paged, at_lines, counted, open_page
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.markdown import count_words
from infra_grader.reading.topics import fold


class Words(Paged):
    """How much text is wanted."""

    min: Annotated[int, Meta(ge=1, description="Fewest words of text; fewer earn their share.")] = 50


@check("markdown.words", measure="words")
def words(context: Context, params: Words) -> Outcome:
    """A document holds text that a reader sees: headings, comments, code blocks and filler do not count."""
    page = open_page(context, params.path)
    prose = list(page.document.prose())
    hollow = [passage for passage in prose if fold(passage.text) in page.hollow]
    number = count_words(passage.text for passage in prose if fold(passage.text) not in page.hollow)
    left_out = "; lorem ipsum and sentences over and over are not counted" if hollow else ""
    message = f"{page.path} holds {number} words of text below its headings{left_out}."
    evidence = at_lines(page, ((passage.line, passage.text) for passage in hollow), "text of your own")
    return counted(page, number, params.min, "words", message, *evidence)
