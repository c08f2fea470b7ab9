"""What a program is asked to print or to leave in a file, and whether it did."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.plugin import Annotated, CheckFailed, Context, Meta, NotAssessed, Params, Regex
from infra_grader.reading.plain_value import is_same, read_json

PATTERN_S = 5.0
# A pattern of the rubric's on a text of the learner's may never end, and nothing can interrupt it in this process.
MATCHER = """\
import re, sys
sys.exit(10 + (re.search(sys.argv[1], sys.stdin.buffer.read().decode("utf-8", "replace")) is None))
"""
FOUND, NOT_FOUND = 10, 11


class Expected(Params):
    """A text that is right: everything that is given here must hold."""

    exact: Annotated[
        str | None, Meta(description="All of it, where white space at the end of lines and of the text does not count.")
    ] = None
    contains: Annotated[list[str], Meta(description="Texts that it contains.")] = msgspec.field(default_factory=list)
    matches: Annotated[Regex | None, Meta(description="Regular expression that is found in it.")] = None
    json: Annotated[
        Any, Meta(description="The value that it is as JSON, by exact types: 1 is neither 1.0 nor true. Not null.")
    ] = None

    def __post_init__(self) -> None:
        """Refuse an expectation that anything would meet."""
        if self.exact is None and not any(self.contains) and self.matches is None and self.json is None:
            raise ValueError("it has at least one of exact, contains, matches and json")


class Missed(Params):
    """How a text differs from what is asked for."""

    expected: str
    actual: str


def find_missed(content: bytes, wanted: Expected, context: Context) -> Missed | None:
    """Return the first thing that is asked for and not met, or `None` if all of it is met."""
    text = content.decode("utf-8", errors="replace").replace("\r\n", "\n")
    if wanted.exact is not None and _trimmed(text) != _trimmed(wanted.exact):
        return Missed(expected=wanted.exact, actual=text or "nothing")
    for part in wanted.contains:
        if part not in text:
            return Missed(expected=f"a text that contains {part!r}", actual=text or "nothing")
    if wanted.matches is not None and not _is_found(wanted.matches, text, context):
        return Missed(expected=f"a text that matches {wanted.matches!r}", actual=text or "nothing")
    if wanted.json is not None:
        try:
            value = read_json(text)
        except ValueError as error:
            return Missed(expected="JSON", actual=f"{error}: {text[:200]!r}")
        if not is_same(value, wanted.json):
            return Missed(expected=f"the JSON value {wanted.json!r}", actual=repr(value))
    return None


def _trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _is_found(pattern: str, text: str, context: Context) -> bool:
    deadline = Deadline(min(PATTERN_S, context.deadline.remaining()))
    # An empty standard input is none at all for a command.
    arguments = [sys.executable, "-I", "-c", MATCHER, pattern]
    try:
        ended = context.command.run(arguments, deadline, stdin=text.encode("utf-8", "replace"))
    except Overrun:
        context.deadline.check()
        raise CheckFailed(f"The output is none that {pattern!r} can be looked for in within {PATTERN_S:g} s.") from None
    if ended.exit_status not in (FOUND, NOT_FOUND):
        raise NotAssessed(f"The pattern {pattern!r} cannot be looked for.", "Tell the author of the rubric.")
    return bool(ended.exit_status == FOUND)
