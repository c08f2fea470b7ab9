"""The text.words check kind."""

from __future__ import annotations

import re
from itertools import groupby

from infra_grader.capabilities.plain_text import seen_text
from infra_grader.checks.text._length import Length, judge_length
from infra_grader.plugin import Context, Outcome, check, places

WORD = re.compile(r"[^\W\d_]\w*")
"""A word begins with a letter, of any script; numbers, rules and table borders are none."""


@check("text.words", measure="words")
def words(context: Context, params: Length) -> Outcome:
    """A file has as many words as asked for; a line, or a word right after itself, that is repeated counts once."""
    file = context.workspace.read_first(places(params.path))
    distinct = {" ".join(line.split()) for line in seen_text(file.text).split("\n")}
    number = sum(1 for line in distinct for _ in groupby(WORD.findall(line)))
    return judge_length(file, number, "words", params)
