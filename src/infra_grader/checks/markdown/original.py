"""The markdown.original check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.checks.markdown._page import Page, Paged, line_list, open_page
from infra_grader.checks.markdown._template import plain_line, template_lines
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.markdown import split_words

SHORTEST_LINE = 2
"""Words from which a line is compared; shorter ones are alike by chance."""


class Original(Paged):
    """How much of a document may be the template's."""

    max_unchanged: Annotated[
        float, Meta(gt=0, lt=1, description="Largest share of its lines that may stand in a file handed out.")
    ] = 0.6


@check("markdown.original", measure="percent")
def original(context: Context, params: Original) -> Outcome:
    """A document is the learner's own: few of its lines stand in the files that the course handed out."""
    page = open_page(context, params.path)
    lines = [(number, line) for number, line in _lines(page)]
    if not lines:
        raise CheckFailed(f"{page.path} holds no text.", Evidence(path=page.path, expected="text", actual="none"))
    handed_out = template_lines(context)
    unchanged = [number for number, line in lines if line in handed_out]
    share = Fraction(len(unchanged), len(lines))
    percent = round(float(share) * 100)
    evidence = Evidence(
        path=page.path,
        line=unchanged[0] if unchanged else None,
        expected=f"at most {params.max_unchanged:.0%} of the lines unchanged",
        actual=f"{len(unchanged)} of {len(lines)} lines",
    )
    measure = Measure(value=percent, unit="percent", threshold=round(params.max_unchanged * 100))
    if share <= params.max_unchanged:
        return Outcome.passed(
            f"{page.path} is more than the template: {percent}% of its lines are unchanged.", evidence, measure=measure
        )
    return Outcome.failed(
        f"{page.path} is mostly the template: {len(unchanged)} of its {len(lines)} lines are unchanged, "
        f"such as {line_list(unchanged)}.",
        evidence,
        measure=measure,
    )


def _lines(page: Page) -> list[tuple[int, str]]:
    """Return the lines that say something, with their numbers: no headings, no heads of tables, no short ones."""
    passages = {passage.line + i for passage in page.document.prose() for i in range(passage.text.count("\n") + 1)}
    passages -= {table.line for table in page.document.tables}
    numbered = ((number, plain_line(line)) for number, line in enumerate(page.text.split("\n"), 1))
    return [(n, line) for n, line in numbered if n in passages and len(split_words(line)) >= SHORTEST_LINE]
