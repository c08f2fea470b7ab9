"""A contract in several files of the submission, made into one."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any

PARTS = "x-infra-grader-files"
"""Where the other files stand in the contract that is made; names that begin so are free for anybody."""
MOST_FILES = 50

Read = Callable[[str], Any]
"""Gives the data of a file of the submission; raises `CheckFailed` for what is no such file."""


def bundle(path: str, document: Any, read: Read) -> Any:
    """Return a contract whose references to other files lead into copies of these, which it holds.

    References to other hosts, or to files beyond the first fifty, stay as they are. Raises what `read` does.
    """
    numbers = {path: 0}
    waiting = [path]
    parts: dict[str, Any] = {}
    whole: Any = None
    while waiting:
        here = waiting.pop(0)
        data = document if here == path else read(here)

        def lead(reference: str, here: str = here) -> str:
            place, _, inside = reference.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(here), place)) if place else here
            if "://" in place or target.startswith(("/", "../")):
                return reference
            if target not in numbers and len(numbers) < MOST_FILES:
                numbers[target] = len(numbers)
                waiting.append(target)
            if target not in numbers:
                return reference
            number = numbers[target]
            return f"#/{PARTS}/{number}{inside}" if number else f"#{inside}"

        moved = _moved(data, lead)
        if here == path:
            whole = moved
        else:
            parts[str(numbers[here])] = moved
    return {**whole, PARTS: parts} if parts and isinstance(whole, dict) else whole


def _moved(data: Any, lead: Callable[[str], str]) -> Any:
    """Return a copy with its references led elsewhere."""
    if isinstance(data, dict):
        return {
            key: lead(value) if key == "$ref" and isinstance(value, str) else _moved(value, lead)
            for key, value in data.items()
        }
    return [_moved(item, lead) for item in data] if isinstance(data, list) else data
