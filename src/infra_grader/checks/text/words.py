"""The text.words check kind."""

from __future__ import annotations

import re

from infra_grader.checks.text._length import Length, judge_length
from infra_grader.plugin import Context, Outcome, check, places

WORD = re.compile(r"[^\W\d_]\w*")
"""A word begins with a letter, of any script; numbers, rules and table borders are none."""


@check("text.words", measure="words")
def words(context: Context, params: Length) -> Outcome:
    """A file has as many words as asked for; a line that is repeated counts once."""
    file = context.workspace.read_first(places(params.path))
    distinct = {" ".join(line.split()) for line in file.lines}
    return judge_length(file, sum(len(WORD.findall(line)) for line in distinct), "words", params)
