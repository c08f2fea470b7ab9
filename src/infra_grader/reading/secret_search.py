"""Secrets in one text, wherever it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from infra_grader.plugin import Evidence
from infra_grader.reading.secret_assignments import find_assigned, is_real
from infra_grader.reading.secret_formats import Match, find_known_forms, find_private_keys, find_url_passwords

BLOCK, OVERLAP = 2000, 300
"""Characters that are searched at once: time can grow with the square of their number, and each search has its cost."""

GENERATED = re.compile(
    r"(?i)(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|composer\.lock|pipfile\.lock|go\.sum|\.terraform\.lock\.hcl"
    r"|[^/]+\.(?:lock|lockb|resolved|svg|map|min\.js|min\.css|ipynb_checkpoints))$"
)
"""Files that tools write, full of digests."""

SUPPRESSION = re.compile(
    r"(?i)pragma: ?(?:allow|white)list(?:[ -]nextline)?[ -]secret|gitleaks:allow|nosec\b|noqa: ?S10[5-7]"
)


SUPPRESSION_HINTS = ("secret", "gitleaks:allow", "nosec", "s10")
"""Parts of every such comment, looked for first: hardly any text has one."""


class Found(NamedTuple):
    """A secret and its line; `text` is only there to tell one from another, and is never shown."""

    line: int
    kind: str
    text: str


def find_secrets(path: str, text: str) -> list[Found]:
    """Return the secrets in a text, at most one for each line. Raises `NotAssessed` without detect-secrets."""
    if GENERATED.search(path):
        return []
    found: dict[int, Found] = {}
    if "PRIVATE KEY" in text:
        found = {number: Found(number, key.kind, key.text) for number, key in find_private_keys(text.split("\n"))}
    for first, block in _blocks(text):
        for match in _find_in_block(block, path):
            number = first + block.count("\n", 0, match.start)
            found.setdefault(number, Found(number, match.kind, match.text))
    return [found[number] for number in sorted(found)]


def show_secret(path: str, secret: Found, text: str | None = None) -> Evidence:
    """Return the evidence for a secret: where it is and of what kind, never what it is."""
    actual = f"{secret.kind}, {len(secret.text)} characters, not shown"
    return Evidence(path=path, line=secret.line, expected="no secret", actual=actual, text=text)


def find_suppressions(text: str) -> list[int]:
    """Return the lines with a comment that asks scanners to look away."""
    small = text.lower()
    if not any(hint in small for hint in SUPPRESSION_HINTS):
        return []
    return [number for number, line in enumerate(text.split("\n"), 1) if SUPPRESSION.search(line[:BLOCK])]


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield the text in blocks of some lines, each with its first line's number; long lines in pieces that overlap."""
    if len(text) <= BLOCK:
        yield 1, text
        return
    first, block = 1, ""
    for number, line in enumerate(text.split("\n"), 1):
        if len(block) + len(line) > BLOCK and block:
            yield first, block
            block = ""
        if len(line) > BLOCK:
            for start in range(0, len(line), BLOCK - OVERLAP):
                yield number, line[start : start + BLOCK]
            continue
        first, block = (first, f"{block}\n{line}") if block else (number, line)
    if block:
        yield first, block


def _find_in_block(block: str, path: str) -> Iterator[Match]:
    yield from find_known_forms(block)
    for match, user in find_url_passwords(block):
        if match.text != user and is_real(match.text):
            yield match
    yield from find_assigned(block, path)
