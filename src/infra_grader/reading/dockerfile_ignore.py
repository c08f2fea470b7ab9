"""Which files a `.dockerignore` keeps out of the build, as Docker decides it: the last pattern that matches wins."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

MAX_PATTERNS = 2000


class Pattern(NamedTuple):
    """One line of the file."""

    parts: tuple[str, ...]
    is_exception: bool
    """Whether it starts with `!` and so keeps what it matches."""
    line: int
    text: str


def read_patterns(text: str) -> list[Pattern]:
    """Return the patterns of a `.dockerignore`: comments and blank lines left out, paths made plain."""
    made = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        written = line.strip()
        if line.startswith("#") or not written:
            continue
        is_exception = written.startswith("!")
        parts = _clean(written[1:].strip() if is_exception else written)
        if parts:
            made.append(Pattern(parts, is_exception, number, written))
    return made[:MAX_PATTERNS]


def _clean(text: str) -> tuple[str, ...]:
    """Return the parts of a path without `.`, `..` and leading or trailing slashes."""
    made: list[str] = []
    for part in text.split("/"):
        if part == "..":
            del made[-1:]
        elif part.startswith("**") and part != "**":
            made += ["**", "*" + part.lstrip("*")]
        elif part not in ("", "."):
            made.append(part)
    return tuple(made)


def deciding_pattern(patterns: list[Pattern], path: str) -> Pattern | None:
    """Return the last pattern that matches a path or a folder that it lies in, or `None`."""
    parts = tuple(path.strip("/").split("/"))
    prefixes = [parts[: length + 1] for length in range(len(parts))]
    for pattern in reversed(patterns):
        if any(_matches(pattern.parts, prefix) for prefix in prefixes):
            return pattern
    return None


def is_ignored(patterns: list[Pattern], path: str) -> bool:
    """Whether a path is kept out of the build."""
    found = deciding_pattern(patterns, path)
    return found is not None and not found.is_exception


def _matches(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether all parts match; `**` stands for any number of folders. Takes time in proportion to both lengths."""
    reachable = {0}
    for part in pattern:
        if part == "**":
            reachable = set(range(min(reachable), len(path) + 1)) if reachable else set()
        else:
            reachable = {index + 1 for index in reachable if index < len(path) and _fits(part, path[index])}
        if not reachable:
            return False
    return len(path) in reachable


@lru_cache(maxsize=4096)
def _fits(glob: str, name: str) -> bool:
    """Whether a name matches a glob of one part, without going back more than once for each sign."""
    position, star, mark, index = 0, -1, 0, 0
    while index < len(name):
        width = _width(glob, position)
        if position < len(glob) and glob[position] == "*":
            star, mark = position, index
            position += 1
        elif width and _is_sign(glob[position : position + width], name[index]):
            position += width
            index += 1
        elif star >= 0:
            position, mark = star + 1, mark + 1
            index = mark
        else:
            return False
    return not glob[position:].strip("*")


def _width(glob: str, position: int) -> int:
    """Return how many signs of the glob stand for one of the name."""
    if position >= len(glob):
        return 0
    if glob[position] == "[" and (end := glob.find("]", position + 2)) > 0:
        return end - position + 1
    return 2 if glob[position] == "\\" and position + 1 < len(glob) else 1


def _is_sign(piece: str, sign: str) -> bool:
    if piece == "?":
        return True
    if len(piece) > 2 and piece[0] == "[":
        body = piece[1:-1]
        is_other = body[0] in "!^"
        body = body[1:] if is_other else body
        found = sign in body or any(
            body[index + 1] == "-" and body[index] <= sign <= body[index + 2] for index in range(len(body) - 2)
        )
        return found != is_other
    return piece[-1] == sign
