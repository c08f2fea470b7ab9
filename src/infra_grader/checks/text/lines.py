"""The text.lines check kind."""

from __future__ import annotations

from infra_grader.capabilities.plain_text import seen_text
from infra_grader.checks.text._length import Length, judge_length
from infra_grader.plugin import Context, Outcome, check, places


@check("text.lines", measure="lines")
def lines(context: Context, params: Length) -> Outcome:
    """A file has as many lines as asked for; blank lines do not count."""
    file = context.workspace.read_first(places(params.path))
    return judge_length(file, sum(bool(seen_text(line).strip()) for line in file.lines), "lines", params)
