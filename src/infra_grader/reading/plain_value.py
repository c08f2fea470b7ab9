"""Plain values that came from a learner's process: strict JSON, and comparison by exact types.

They are compared here, where the learner's types do not exist, so no object can be equal to everything.
"""

from __future__ import annotations

import json
import math
from typing import Any


def read_json(text: str) -> Any:
    """Return the value of a JSON text. Raises `ValueError` for anything else, `NaN` and endless depth too."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def is_same(actual: object, expected: object, tolerance: float | None = None) -> bool:
    """Whether two plain values are the same: exact types all the way down, where a boolean is no number.

    With a tolerance, a number may be off by at most that where a float is expected, and whole numbers count as
    numbers there. What is not finite is only ever the same as itself.
    """
    if type(expected) is float:
        return _is_same_number(actual, expected, tolerance)
    if type(actual) is not type(expected):
        return False
    if isinstance(actual, list | tuple) and isinstance(expected, list | tuple):
        pairs = zip(actual, expected, strict=False)
        return len(actual) == len(expected) and all(is_same(one, other, tolerance) for one, other in pairs)
    if isinstance(actual, dict) and isinstance(expected, dict):
        mine, wanted = ({(type(key), key): value for key, value in each.items()} for each in (actual, expected))
        return mine.keys() == wanted.keys() and all(is_same(mine[key], wanted[key], tolerance) for key in wanted)
    if isinstance(actual, set | frozenset) and isinstance(expected, set | frozenset):
        return {(type(item), item) for item in actual} == {(type(item), item) for item in expected}
    return actual == expected


def _is_same_number(actual: object, expected: float, tolerance: float | None) -> bool:
    if type(actual) is int and tolerance is not None:
        try:
            actual = float(actual)
        except OverflowError:
            return False
    if type(actual) is not float:
        return False
    if not math.isfinite(expected):
        return actual == expected or (math.isnan(actual) and math.isnan(expected))
    return math.isfinite(actual) and abs(actual - expected) <= (tolerance or 0.0)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
