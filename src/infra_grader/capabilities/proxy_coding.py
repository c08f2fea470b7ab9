"""Values of the standard library's types, carried by value between a suite and a learner's process.

They mean the same on both sides, and are compared where the learner's types do not exist. The text of this module
runs in the sandbox too; see `program_text`.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PosixPath, PurePosixPath
from typing import Any
from uuid import UUID

from infra_grader.capabilities.plain_coding import Decoder, Encoder, decode, encode

STANDARD = "standard"
"""The key of such a value: beside it stand its type's name and the plain value that it is made from."""


def _text(value: object) -> str:
    return str(value)


Taken = Callable[[Any], object]
Made = Callable[[Any], Any]

TYPES: dict[type, tuple[Taken, Made]] = {
    OrderedDict: (dict, OrderedDict),
    Counter: (dict, Counter),
    defaultdict: (dict, lambda content: defaultdict(None, content)),
    deque: (lambda items: (list(items), items.maxlen), lambda content: deque(*content)),
    bytearray: (bytes, bytearray),
    complex: (lambda number: (number.real, number.imag), lambda parts: complex(*parts)),
    range: (lambda numbers: (numbers.start, numbers.stop, numbers.step), lambda bounds: range(*bounds)),
    slice: (lambda part: (part.start, part.stop, part.step), lambda bounds: slice(*bounds)),
    Decimal: (_text, Decimal),
    Fraction: (lambda number: (number.numerator, number.denominator), lambda parts: Fraction(*parts)),
    datetime: (datetime.isoformat, datetime.fromisoformat),
    date: (date.isoformat, date.fromisoformat),
    time: (time.isoformat, time.fromisoformat),
    timedelta: (lambda span: (span.days, span.seconds, span.microseconds), lambda parts: timedelta(*parts)),
    PosixPath: (_text, PosixPath),
    PurePosixPath: (_text, PurePosixPath),
    UUID: (_text, UUID),
}
VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
NAMES = {kind.__name__: kind for kind in TYPES}


def encode_standard(value: object, other: Encoder) -> Any:
    """Return a value of a standard type in a form for JSON, or nothing if it is of another type.

    Views of a mapping are carried as lists, or as sets where they act like one.
    """
    kind: Any = type(value)
    if kind in VIEWS:
        items: Any = value
        return encode(list(items) if kind is VIEWS[1] else _as_set(items), other)
    if kind not in TYPES:
        return None
    return {STANDARD: [kind.__name__, encode(TYPES[kind][0](value), other)]}


def decode_standard(content: Any, other: Decoder) -> object:
    """Return the value that `encode_standard` coded. Raises `ValueError` for anything else."""
    if type(content) is not list or len(content) != 2 or content[0] not in NAMES:
        raise ValueError("no value of a standard type")
    try:
        return TYPES[NAMES[content[0]]][1](decode(content[1], other))
    except (TypeError, ArithmeticError, OverflowError) as error:
        raise ValueError(str(error)) from error


def _as_set(items: Any) -> object:
    try:
        return set(items)
    except TypeError:  # the items of a mapping to lists, say
        return list(items)
