"""The text.lines check kind."""

from __future__ import annotations

from infra_grader.checks.text._length import Length, judge_length
from infra_grader.plugin import Context, Outcome, check, places


@check("text.lines", measure="lines")
def lines(context: Context, params: Length) -> Outcome:
    """A file has as many lines as asked for; blank lines do not count."""
    file = context.workspace.read_first(places(params.path))
    return judge_length(file, sum(bool(line.strip()) for line in file.lines), "lines", params)
