"""Text of learners in Markdown: always in code, so that no link, image, mention or table comes of it."""

from __future__ import annotations

import re
from html import escape

from infra_grader.reports._text import block, line, prose

MAX_SPAN = 400
"""Characters of one code span: several make a part, and every part should fit on the page."""

# What has no meaning in Markdown or on GitHub, and plain code spans. A `&` may only be a word of its own, or it begins
# an entity.
_HARMLESS = re.compile(r"(?:[^\W_]|[ .,:;()'\"%+?!/’–—-]|&(?= |$)|`(?! *`)[^`]+`(?!`))*")
_SPAN = re.compile(r"`[^`]*`")
_LINKS_ITSELF = re.compile(r"www\.|://", re.IGNORECASE)


def words(text: str) -> str:
    """Return one line of an author's text as it is where it has no meaning in Markdown, else as code."""
    shown = line(" ".join(text.split()))
    if _HARMLESS.fullmatch(shown) and not _LINKS_ITSELF.search(_SPAN.sub("", shown)):
        return shown
    return code(shown)


def code(text: str) -> str:
    """Return one line of text as a code span that nothing inside can end."""
    shown = line(text, MAX_SPAN)
    if not shown.strip():
        return "`(empty)`"
    fence = "`" * (_longest_run(shown) + 1)
    # One space on either side is taken away by the reader, so text that begins or ends with one, or a fence, gets more.
    pad = " " if shown[0] in " `" or shown[-1] in " `" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def cell(text: str) -> str:
    """Return the words for a cell of a table, where a pipe would end the cell even in code."""
    return words(text.replace("|", "¦"))


def html_words(text: str) -> str:
    """Return the words for the inside of a line of HTML, where Markdown has no meaning."""
    shown = prose(text)
    escaped = escape(shown, quote=False)
    return escaped if words(text) == shown else f"<code>{escaped}</code>"


def fenced(text: str, limit: int, indent: str) -> str:
    """Return the text as a fenced block that nothing inside can end, at an indentation of a list."""
    shown = block(text, limit)
    fence = "`" * max(3, _longest_run(shown) + 1)
    return "\n".join(f"{indent}{part}".rstrip() for part in (f"{fence}text", *shown.split("\n"), fence))


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
