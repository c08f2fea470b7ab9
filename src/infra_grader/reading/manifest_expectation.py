"""A tree of expectations, as a rubric writes it, held against an object: words, numbers, comparisons, patterns."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from infra_grader.reading.manifest import Field
from infra_grader.reading.manifest_quantity import read_quantity

COMPARISON = re.compile(r"(?P<sign><=|>=|==|!=|<|>)\s*(?P<bound>\S+)")
SIGNS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
PATTERN = re.compile(r"/(?P<body>.+)/", re.DOTALL)
LONGEST_MATCHED = 4000


class Answer(NamedTuple):
    """Whether one leaf of the tree holds."""

    is_met: bool
    field: Field
    expected: str


def check_expectation(wanted: Any) -> None:
    """Raise `ValueError` for an expectation that cannot be meant: an unusable pattern, a bound that is no number."""
    if isinstance(wanted, dict):
        for value in wanted.values():
            check_expectation(value)
    elif isinstance(wanted, list):
        for value in wanted:
            check_expectation(value)
    elif isinstance(wanted, str) and (found := PATTERN.fullmatch(wanted)):
        try:
            re.compile(found["body"])
        except re.error as error:
            raise ValueError(f"{wanted!r} is no regular expression: {error}") from error
    elif isinstance(wanted, str) and (found := COMPARISON.fullmatch(wanted)) and read_quantity(found["bound"]) is None:
        raise ValueError(f"{wanted!r} compares with no number")


def compare(field: Field, wanted: Any) -> Iterator[Answer]:
    """Yield the answer for each leaf of an expectation.

    A mapping is held against the keys it names, a list against a list so that each of its entries is met by some item,
    and a list against a single value means any of them. Texts: `exists`, `absent`, `">= 2"`, `/pattern/`, else
    the value itself; equal quantities are equal (`1` and `1000m`).
    """
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            yield from compare(field.get(key), value)
    elif isinstance(wanted, list) and isinstance(field.value, list):
        for value in wanted:
            yield from _best_item(field, value)
    elif isinstance(wanted, list):
        yield Answer(any(_holds(field, value) for value in wanted), field, " or ".join(map(_words, wanted)))
    else:
        yield Answer(_holds(field, wanted), field, _words(wanted))


def _best_item(field: Field, wanted: Any) -> list[Answer]:
    """Return the answers of the item that comes nearest to an expectation."""
    tried = [list(compare(item, wanted)) for item in field.items()]
    best = max(tried, key=lambda answers: sum(answer.is_met for answer in answers), default=None)
    return best if best is not None else [Answer(False, field, _words(wanted))]


def _holds(field: Field, wanted: Any) -> bool:
    value = field.value
    if isinstance(wanted, dict):
        return all(answer.is_met for answer in compare(field, wanted))
    if wanted == "exists":
        return value not in (None, "", [], {})
    if wanted in ("absent", None):
        return value is None
    if isinstance(wanted, str):
        if found := PATTERN.fullmatch(wanted):
            return _is_scalar(value) and re.search(found["body"], _plain(value)[:LONGEST_MATCHED]) is not None
        if found := COMPARISON.fullmatch(wanted):
            number, bound = read_quantity(value), read_quantity(found["bound"])
            return number is not None and bound is not None and SIGNS[found["sign"]](number, bound)
    return _is_same(value, wanted)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _is_same(value: Any, wanted: Any) -> bool:
    """Whether two values mean the same to Kubernetes: equal, or equal quantities."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if value == wanted:
        return True
    one, other = read_quantity(value), read_quantity(wanted)
    return one is not None and one == other


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _words(wanted: Any) -> str:
    if isinstance(wanted, dict):
        return ", ".join(f"{key}: {_words(value)}" for key, value in wanted.items())[:300]
    if isinstance(wanted, list):
        return " or ".join(map(_words, wanted))[:300]
    if isinstance(wanted, str) and PATTERN.fullmatch(wanted):
        return f"text like {wanted}"
    return {"exists": "a value", "absent": "nothing", "None": "nothing"}.get(str(wanted), _plain(wanted)[:300])
