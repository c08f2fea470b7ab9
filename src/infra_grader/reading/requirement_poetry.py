"""Versions as Poetry and Pipenv write them, in the words that all of Python's tools understand."""

from __future__ import annotations

import re
from collections.abc import Iterator

OPERATOR = re.compile(r"(\^|~=|~|===|==|!=|>=|<=|>|<|=)?\s*v?([0-9][^\s,|]*|\*)", re.ASCII)
NUMBERS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})*")


def translate_versions(text: str) -> str:
    """Return a specifier for a constraint such as `^1.2`, `~1.2`, `1.*` or `>=1,<2`. Raises `ValueError`.

    Of alternatives (`^1 || ^2`) the last one is taken, which is the newest by habit.
    """
    last = text.rpartition("||")[2].strip()
    if not last or last == "*":
        return ""
    found: list[str] = []
    place = 0
    while place < len(last):
        part = OPERATOR.match(last, place)
        if part is None:
            raise ValueError(f"{text[:100]!r} names no versions")
        found += _translate(part[1] or "", part[2])
        place = part.end()
        while place < len(last) and last[place] in ", \t":
            place += 1
    return ",".join(found)


def translate_python(text: str) -> str:
    """Return the marker for a constraint on Python's own version. Raises `ValueError`."""
    found = re.findall(r"(===|==|!=|>=|<=|~=|>|<)([^,]+)", translate_versions(text))
    return " and ".join(f'{_python_marker(version)} {operator} "{version}"' for operator, version in found)


def _python_marker(version: str) -> str:
    return "python_version" if version.count(".") < 2 or "*" in version else "python_full_version"


def _translate(operator: str, version: str) -> Iterator[str]:
    if version == "*":
        return
    if operator in ("^", "~"):
        numbers = _numbers(version)
        yield f">={version}"
        yield f"<{_above_caret(numbers) if operator == '^' else _above_tilde(numbers)}"
    elif operator in ("", "="):
        yield f"=={version}"
    else:
        yield f"{operator}{version}"


def _numbers(version: str) -> list[int]:
    found = NUMBERS.match(version)
    if found is None:
        raise ValueError(f"{version[:100]!r} is no version")
    return [int(number) for number in found[0].split(".")]


def _above_caret(numbers: list[int]) -> str:
    """Return the first version that differs in the first number that is not 0."""
    place = next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)
    return _dotted([*numbers[:place], numbers[place] + 1])


def _above_tilde(numbers: list[int]) -> str:
    place = min(1, len(numbers) - 1)
    return _dotted([*numbers[:place], numbers[place] + 1])


def _dotted(numbers: list[int]) -> str:
    return ".".join(map(str, numbers))
