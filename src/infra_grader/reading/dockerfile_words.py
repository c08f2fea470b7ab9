"""The words of an instruction: exec form, names with values, and the variables that BuildKit fills in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from infra_grader.reading.dockerfile_lines import SPACES, DockerfileError, split_words

Lookup = Callable[[str], str | None]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]|[@*#?]")
MODIFIER = re.compile(r":?[-+?]")
MAX_NESTING = 20
MAX_VALUE = 65_536
"""Characters of a value: each of a row of variables may hold the one before it many times."""


def exec_form(text: str, line: int) -> tuple[str, ...] | None:
    """Return the words of a JSON list, or `None` where the text is the shell form.

    Raises `DockerfileError` for a list that holds something else than texts, as BuildKit does.
    """
    if not text.startswith("["):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise DockerfileError("a list in JSON form holds texts in double quotes only", line)
    return tuple(found)


def read_pairs(keyword: str, text: str, escape: str, line: int) -> list[tuple[str, str]]:
    """Return names and values of ENV or LABEL as written, in the form `name=value …` or the old `name value`."""
    words = split_words(text, escape)
    if not words:
        raise DockerfileError(f"{keyword} needs a name and a value", line)
    if "=" not in words[0]:
        name, rest = words[0], text.strip(SPACES)[len(words[0]) :].lstrip(SPACES)
        if not rest:
            raise DockerfileError(f"{keyword} {name} has no value", line)
        return [(name, rest)]
    pairs = []
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise DockerfileError(f"{keyword} needs name=value, not {word[:60]}", line)
        pairs.append((name, value))
    return pairs


def expand(text: str, lookup: Lookup, escape: str = "\\", line: int = 1, depth: int = 0) -> str:
    """Return a word with its variables filled in and its quotes removed; what is not set becomes nothing.

    Raises `DockerfileError` for `${` that is not closed or not understood, and for `${X:?message}` without a value.
    """
    made: list[str] = []
    quote = ""
    position = size = 0
    while position < len(text):
        sign = text[position]
        if quote == "'":
            quote, piece = ("", "") if sign == "'" else (quote, sign)
            made.append(piece)
            position += 1
        elif sign == escape:
            following = text[position + 1 : position + 2]
            made.append(sign + following if quote and following not in ('"', "$", escape) else following)
            position += 2
        elif sign == "$":
            piece, position = _variable(text, position + 1, lookup, (escape, line, depth))
            made.append(piece)
            size += len(piece)
            if size > MAX_VALUE:
                raise DockerfileError(f"a value grows beyond {MAX_VALUE} characters", line)
        elif sign == quote or (not quote and sign in "\"'"):
            quote = "" if sign == quote else sign
            position += 1
        else:
            made.append(sign)
            position += 1
    return "".join(made)


def _variable(text: str, position: int, lookup: Lookup, how: tuple[str, int, int]) -> tuple[str, int]:
    """Return what stands for the variable whose name starts at a position, and where the text goes on."""
    if not text.startswith("{", position):
        found = NAME.match(text, position)
        return (lookup(found[0]) or "", found.end()) if found else ("$", position)
    end = _closing(text, position)
    escape, line, depth = how
    found = NAME.match(text, position + 1)
    if end < 0 or found is None or depth > MAX_NESTING:
        raise DockerfileError(f"the variable {text[position - 1 : position + 40]} is not closed or has no name", line)
    value = lookup(found[0])
    rest = text[found.end() : end]
    if not rest:
        return value or "", end + 1
    modifier = MODIFIER.match(rest)
    if modifier is None:
        if rest[0] in "#%/":  # removal and replacement: too rare to be worked out
            return value or "", end + 1
        raise DockerfileError(f"the modifier {rest[:20]} of a variable is not known", line)
    is_there = bool(value) if modifier[0].startswith(":") else value is not None
    other = expand(rest[modifier.end() :], lookup, escape, line, depth + 1)
    kind = modifier[0][-1]
    if kind == "+":
        return other if is_there else "", end + 1
    if kind == "?" and not is_there:
        raise DockerfileError(f"the variable {found[0]} has no value: {other or 'it is required'}", line)
    return (value or "") if is_there or kind == "?" else other, end + 1


def _closing(text: str, position: int) -> int:
    """Return where the brace that opens at a position is closed, or -1."""
    depth = 0
    for index in range(position, len(text)):
        if text[index] == "{":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if not depth:
                return index
    return -1
