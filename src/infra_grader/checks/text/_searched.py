"""What text.matches and text.lacks share: the files they search, and where a pattern is found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from infra_grader.capabilities.plain_text import seen_text
from infra_grader.plugin import Annotated, Context, Meta, Params, Places, Regex, TextFile, places

SHOWN = 200
"""Characters of a match that are kept as evidence."""


class Search(Params):
    """Where to look for what."""

    path: Annotated[
        Places, Meta(description="The file, or several places that may hold it; all files of a glob are searched.")
    ]
    pattern: Annotated[Regex, Meta(description="Regular expression to look for.")]
    what: Annotated[
        str, Meta(description="What the pattern stands for, in a few words; messages say that in place of the pattern.")
    ] = ""
    ignore_case: Annotated[bool, Meta(description="Whether capital and small letters are the same.")] = False
    multiline: Annotated[bool, Meta(description="Whether `^` and `$` match at every line.")] = True
    dotall: Annotated[bool, Meta(description="Whether `.` matches the end of a line too.")] = False

    @property
    def described(self) -> str:
        """What is looked for, as a message says it."""
        return self.what or f"text matching {self.pattern!r}"

    @property
    def expression(self) -> re.Pattern[str]:
        """The compiled pattern."""
        flags = re.IGNORECASE if self.ignore_case else re.NOFLAG
        flags |= re.MULTILINE if self.multiline else re.NOFLAG
        flags |= re.DOTALL if self.dotall else re.NOFLAG
        return re.compile(self.pattern, flags)


class Found(NamedTuple):
    """One place where a pattern matches."""

    path: str
    line: int
    end_line: int | None
    """Last line, where the match goes over several."""
    text: str


def read_searched(context: Context, params: Search) -> list[TextFile]:
    """Return the files to search, without the characters that take no room and could hide what is looked for.

    Raises `CheckFailed` if there is none, or one is not text.
    """
    workspace = context.workspace
    return [TextFile(path, seen_text(workspace.read_text(path))) for path in workspace.find_first(places(params.path))]


def find_matches(file: TextFile, expression: re.Pattern[str], most: int) -> Iterator[Found]:
    """Yield at most so many places where the pattern matches; a match of nothing is none."""
    line, seen = 1, 0
    for match in islice((found for found in expression.finditer(file.text) if found[0]), most):
        line += file.text.count("\n", seen, match.start())
        seen = match.start()
        last = line + match[0].rstrip("\n").count("\n")
        yield Found(file.path, line, last if last > line else None, match[0][:SHOWN])
