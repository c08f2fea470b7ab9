"""What a program is asked to print or to leave in a file, and whether it did: for every kind that runs one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.sandbox import Ended, how_ended
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Meta,
    NotAssessed,
    Params,
    Regex,
)
from infra_grader.reading.plain_value import is_same, read_json

MOST_SHOWN_BYTES = 1000
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


class Asked(Params):
    """What one run of a program is given, and what is right."""

    stdin: Annotated[str, Meta(description="Standard input.")] = ""
    exit_status: Annotated[int, Meta(ge=0, le=255, description="Exit status that is right.")] = 0
    stdout: Annotated[Expected | None, Meta(description="What it prints on standard output.")] = None
    stderr: Annotated[Expected | None, Meta(description="What it prints on standard error.")] = None
    leaves: Annotated[
        dict[str, Expected], Meta(description="Files that it leaves behind, by path in the submission.")
    ] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what a program could meet by doing nothing."""
        if self.stdout is None and self.stderr is None and not self.leaves:
            raise ValueError("it asks for stdout, stderr or files that are left: an exit status proves nothing")


class Missed(Params):
    """How a text differs from what is asked for."""

    expected: str
    actual: str


def judged(asked: Asked, title: str, ended: Ended, context: Context) -> Evidence:
    """Return the evidence of one run; it expects nothing where everything was right."""
    for expected, actual, text in _faults(asked, ended, context):
        return Evidence(kind=EvidenceKind.COMMAND, path=title, expected=expected, actual=actual, text=text)
    return Evidence(kind=EvidenceKind.COMMAND, path=title, actual=_shown(ended.stdout) or ended.how, text="as asked")


def _faults(asked: Asked, ended: Ended, context: Context) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with a run: what was asked for, what came, and where."""
    if ended.limit is not None:
        yield f"an end within the limits, with {how_ended(asked.exit_status)}", ended.how, _shown(ended.stderr)
    if ended.exit_status != asked.exit_status:
        yield how_ended(asked.exit_status), ended.how, _shown(ended.stderr)
    streams = (("standard output", asked.stdout, ended.stdout), ("standard error", asked.stderr, ended.stderr))
    for name, wanted, content in streams:
        if wanted is not None and (missed := find_missed(content, wanted, context)):
            yield missed.expected, missed.actual, f"on {name}"
    for name, wanted in asked.leaves.items():
        if name not in ended.left:
            yield f"the file {name}", "it was not left behind", "or it is no regular file, or too large"
        elif missed := find_missed(ended.left[name], wanted, context):
            yield missed.expected, missed.actual, f"in {name}"


def _shown(output: bytes) -> str:
    """Return the end of an output, where programs say what went wrong."""
    return output[-MOST_SHOWN_BYTES:].decode("utf-8", errors="replace").strip()


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
