"""What the course handed out as text, line by line, to tell a learner's lines from the template's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra_grader.reading.topics import fold

if TYPE_CHECKING:
    from infra_grader.plugin import Context


def template_lines(context: Context) -> frozenset[str]:
    """Return the lines of all Markdown files handed out, as `plain_line` gives them, and their placeholders."""
    return context.shared("markdown templates", lambda: _read(context))


def plain_line(line: str) -> str:
    """Return a line of a document without its markup, case and spacing, for comparison."""
    return " ".join(fold(line).strip(" \t>#-*+|_`").replace("|", " ").replace("[ ]", "").replace("[x]", "").split())


def _read(context: Context) -> frozenset[str]:
    starter = context.workspace.starter
    found: set[str] = set()
    for path in starter.blobs:
        if path.lower().endswith((".md", ".markdown")) and (text := starter.text(path)) is not None:
            found.update(plain_line(line) for line in text.splitlines())
            found.update(re.findall(r"\[[^\[\]\n]{1,80}\](?!\()", fold(text)))
    return frozenset(found)
