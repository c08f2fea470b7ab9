"""Text of learners, made fit to be shown: nothing in it can steer a terminal, a page or a parser."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from infra_grader.model.outcome import Evidence, EvidenceKind
from infra_grader.reading.visible import unseen, visible

MAX_LINE = 2000
"""Characters of a message or a value that a report shows; the engine records fewer."""
MAX_BLOCK = 8000
"""Characters of a longer text, such as a program's output."""


class Quoted(NamedTuple):
    """A line of a file as a report shows it."""

    is_meant: bool
    """Whether the evidence points at it; the others say where it stands."""
    number: str
    """All of an excerpt have the same width."""
    text: str


# Pictures that a plain stream cannot show, with the space after them.
_PICTURE = "[\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\ufe0f\u200d\U0001f000-\U0001faff]+ ?"


def visible_block(text: str) -> str:
    """Return the text with its line ends and tabs; all else that would act becomes an escape."""
    if not unseen().search(text):
        return text
    parts = re.split(r"([\n\t])", text.replace("\r\n", "\n"))
    return "".join(part if part in ("\n", "\t") else visible(part) for part in parts)


def line(text: str, limit: int = MAX_LINE) -> str:
    """Return the text as one line that can be shown, cut to a length."""
    return cut(visible(text), limit)


def prose(text: str) -> str:
    """Return an author's text, which may stand on several lines, as one line that can be shown."""
    return line(" ".join(text.split()))


def block(text: str, limit: int = MAX_BLOCK) -> str:
    """Return the text as lines that can be shown, cut to a length."""
    return cut(visible_block(text).strip("\n"), limit)


def cut(text: str, limit: int) -> str:
    """Return the text in at most `limit` characters; a cut one ends by saying how much was left out."""
    if len(text) <= limit:
        return text
    room = limit - len(f" [{len(text)} more characters]")
    return f"{text[:room]} [{len(text) - room} more characters]"


def plain(text: str) -> str:
    """Return the text without pictures, for a stream that cannot show them."""
    return re.sub(_PICTURE, "", text)


def number(value: Decimal) -> str:
    """Return points as people write them: `12.5`, `20`, never `1E+1`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def place(evidence: Evidence) -> str:
    """Return where the evidence points: `docs/a.md:3-9`, a URL, a field, a command line; nothing if nowhere."""
    if evidence.path is None:
        return ""
    where = line(evidence.path)
    if evidence.line is None:
        return where
    last = "" if evidence.end_line in (None, evidence.line) else f"-{evidence.end_line}"
    return f"{where}:{evidence.line}{last}"


def expectation(evidence: Evidence) -> str:
    """Return what was looked for, or nothing."""
    return "" if evidence.expected is None else _value(evidence, evidence.expected)


def sight(evidence: Evidence) -> str:
    """Return what was there instead, or nothing."""
    return "" if evidence.actual is None else _value(evidence, evidence.actual)


def remark(evidence: Evidence) -> str:
    """Return the evidence's text if it fits on one line, else nothing: `is_block` says so."""
    return "" if evidence.text is None or is_block(evidence) else line(evidence.text.strip())


def is_block(evidence: Evidence) -> bool:
    """Whether the evidence's text is better shown as lines of its own: output, an excerpt, an HTTP exchange."""
    return evidence.text is not None and ("\n" in evidence.text.strip() or len(evidence.text) > 200)


def statement(evidence: Evidence) -> str:
    """Return expected, found and remark in a line: `found 7 areas, expected 10 areas; two are empty`."""
    wanted, seen = expectation(evidence), sight(evidence)
    facts = [f"found {seen}" if seen else "", f"expected {wanted}" if wanted else ""]
    text = ", ".join(fact for fact in facts if fact)
    return "; ".join(part for part in (text, remark(evidence)) if part)


def excerpt(evidence: Evidence) -> list[Quoted]:
    """Return the quoted lines of the file as they are shown: without the indentation that all of them have."""
    texts = [line(quoted.text.expandtabs(4)).rstrip() for quoted in evidence.excerpt]
    margin = min((len(text) - len(text.lstrip(" ")) for text in texts if text), default=0)
    width = len(str(max((quoted.number for quoted in evidence.excerpt), default=0)))
    first = evidence.line or 0
    last = max(first, evidence.end_line or first)
    return [
        Quoted(first <= quoted.number <= last, f"{quoted.number:>{width}}", text[margin:])
        for quoted, text in zip(evidence.excerpt, texts, strict=True)
    ]


def in_file(evidence: Evidence) -> bool:
    """Whether the evidence points into a file of the submission."""
    return evidence.kind is EvidenceKind.FILE and bool(evidence.path)


def _value(evidence: Evidence, value: str | float) -> str:
    if isinstance(value, str):
        text = line(value) or "nothing"
    else:
        text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return f"{text} {line(evidence.unit)}" if evidence.unit else text
