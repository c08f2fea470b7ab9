"""Values of the standard library's types, carried by value between a suite and a learner's process.

They mean the same on both sides, and are compared where the learner's types do not exist. The text of this module
runs in the sandbox too; see `program_text`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from infra_grader.capabilities.plain_coding import MAX_VALUES, Decoder, Encoder, decode, encode

STANDARD = "standard"
"""The key of such a value: beside it stand its type's name and the plain value that it is made from."""

MAX_DIGITS = 4300
"""Of a decimal number that is written out, as Python itself has it for whole numbers."""

Taken = Callable[[Any], object]
Made = Callable[[Any, Any], Any]


def _whole(kind: Any, content: Any) -> Any:
    return kind(content)


def _parts(kind: Any, content: Any) -> Any:
    return kind(*content)


def _iso(kind: Any, content: Any) -> Any:
    return kind.fromisoformat(content)


def _counted(kind: Any, content: Any) -> Any:
    """Return a range that is no longer than a list may be: a loop over it must come to an end."""
    made = kind(*content)
    if abs(made.stop - made.start) > MAX_VALUES * abs(made.step):
        raise ValueError("a range that is too long")
    return made


def _decimal(kind: Any, content: Any) -> Any:
    """Return a number that can be written out: as a whole number, say."""
    made = kind(content)
    if made.is_finite() and abs(made.adjusted()) > MAX_DIGITS:
        raise ValueError("a decimal number with too many digits")
    return made


# By name: their modules are imported where a value needs them, since each process of a learner's starts with this.
FORMS: dict[str, tuple[Taken, Made]] = {
    "collections.OrderedDict": (dict, _whole),
    "collections.Counter": (dict, _whole),
    "collections.defaultdict": (dict, lambda kind, content: kind(None, content)),
    "collections.deque": (lambda items: (list(items), items.maxlen), _parts),
    "builtins.bytearray": (bytes, lambda kind, content: kind(b"".join([content]))),  # not of a number: that is a size
    "builtins.complex": (lambda number: (number.real, number.imag), _parts),
    "builtins.range": (lambda numbers: (numbers.start, numbers.stop, numbers.step), _counted),
    "builtins.slice": (lambda part: (part.start, part.stop, part.step), _parts),
    "decimal.Decimal": (str, _decimal),
    "fractions.Fraction": (lambda number: (number.numerator, number.denominator), _parts),
    "datetime.datetime": (lambda moment: moment.isoformat(), _iso),
    "datetime.date": (lambda day: day.isoformat(), _iso),
    "datetime.time": (lambda moment: moment.isoformat(), _iso),
    "datetime.timedelta": (lambda span: (span.days, span.seconds, span.microseconds), _parts),
    "pathlib.PosixPath": (str, _whole),
    "pathlib.PurePosixPath": (str, _whole),
    "uuid.UUID": (str, _whole),
}
VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))


def encode_standard(value: object, other: Encoder) -> Any:
    """Return a value of a standard type in a form for JSON, or nothing if it is of another type.

    Views of a mapping are carried as lists, or as sets where they act like one.
    """
    kind: Any = type(value)
    if kind in VIEWS:
        items: Any = value
        return encode(list(items) if kind is VIEWS[1] else _as_set(items), other)
    # Some of them live in a module below the one that they are known by.
    name = f"{str(kind.__module__).partition('.')[0]}.{kind.__name__}"
    if name not in FORMS:
        return None
    return {STANDARD: [name, encode(FORMS[name][0](value), other)]}


def decode_standard(content: Any, other: Decoder) -> object:
    """Return the value that `encode_standard` coded. Raises `ValueError` for anything else."""
    if type(content) is not list or len(content) != 2 or type(content[0]) is not str or content[0] not in FORMS:
        raise ValueError("no value of a standard type")
    module, _, name = content[0].partition(".")
    try:
        kind = getattr(importlib.import_module(module), name)
        return FORMS[content[0]][1](kind, decode(content[1], other))
    except (TypeError, ArithmeticError) as error:
        raise ValueError(str(error)) from error


def _as_set(items: Any) -> object:
    try:
        return set(items)
    except TypeError:  # the items of a mapping to lists, say
        return list(items)
