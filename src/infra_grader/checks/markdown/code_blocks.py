"""The markdown.code_blocks check kind."""

from __future__ import annotations

from infra_grader.checks.markdown._page import Paged, at_lines, counted, open_page, plural
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check


class CodeBlocks(Paged):
    """How many blocks of code are wanted, and in which languages."""

    min: Annotated[int, Meta(ge=1, description="Fewest blocks that are not empty; fewer earn their share.")] = 1
    languages: Annotated[
        tuple[str, ...], Meta(description="Only blocks marked with one of these languages count; none: every block.")
    ] = ()


@check("markdown.code_blocks", measure="blocks")
def code_blocks(context: Context, params: CodeBlocks) -> Outcome:
    """A document shows code or commands in blocks of their own."""
    page = open_page(context, params.path)
    wanted = {language.lower() for language in params.languages}
    found = [
        block
        for block in page.document.code_blocks
        if block.text.strip() and (not wanted or block.language.split("{")[0] in wanted)
    ]
    marked = f" in {' or '.join(params.languages)}" if wanted else ""
    shown = at_lines(page, [(block.line, block.language or "no language") for block in found], "a code block")
    message = f"{page.path} has {plural(len(found), 'code block')}{marked}."
    return counted(page, len(found), params.min, "blocks", message, *shown)
