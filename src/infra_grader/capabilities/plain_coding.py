"""Plain values in a form that JSON carries without loss, for both sides of a dialogue with a learner's process.

It needs nothing but the standard library, since its text runs in the sandbox too; see `program_text`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

MAX_DEPTH = 32
MAX_VALUES = 100_000
MAX_BITS = 12_000
"""Of a whole number: Python itself refuses to read more than 4300 digits."""

Encoder = Callable[[object], Any]
"""Codes what is no plain value: a mapping of one key that no plain value has. Raises `NotPlain` where it cannot."""
Decoder = Callable[[str, Any], object]
"""Gives back what an `Encoder` coded, from the mapping's key and value. Raises `ValueError` for anything else."""


class NotPlain(Exception):
    """A value that cannot be carried; says what it is."""


def refuse(value: object) -> Any:
    """Raise `NotPlain`: the encoder of those who carry plain values alone."""
    raise NotPlain(f"a value of type {type(value).__name__!s:.100}")


def refuse_kind(kind: str, _content: Any) -> object:
    """Raise `ValueError`: the decoder of those who carry plain values alone."""
    raise ValueError(f"{kind!r} is no kind of plain value")


def encode(value: object, other: Encoder = refuse) -> Any:
    """Return a plain value in a form that JSON carries without loss. Raises `NotPlain` for any that `other` refuses.

    Types are exact: an instance of a subclass is no plain value, whatever it is equal to.
    """
    return _encode(value, MAX_DEPTH, iter(range(MAX_VALUES)), other)


def decode(coded: Any, other: Decoder = refuse_kind) -> Any:
    """Return the plain value that was encoded. Raises `ValueError` for anything that `encode` does not make."""
    try:
        return _decode(coded, MAX_DEPTH, other)
    except TypeError as error:  # a key or an item of a set that cannot be one
        raise ValueError(str(error)) from error


def _encode(value: object, depth: int, budget: Iterator[int], other: Encoder) -> Any:
    if next(budget, None) is None:
        raise NotPlain("a value that is too large")
    kind: Any = type(value)
    content: Any = value
    if kind in SIMPLE:
        return SIMPLE[kind](content)
    if depth == 0:
        raise NotPlain("a value that is nested too deeply")
    if kind is dict:
        pairs = list(content.items())
        return {"dict": [[_encode(part, depth - 1, budget, other) for part in pair] for pair in pairs]}
    if kind not in COLLECTIONS.values():
        return other(value)
    return {kind.__name__: [_encode(item, depth - 1, budget, other) for item in content]}


def _encode_text(text: str) -> Any:
    try:
        text.encode()
    except UnicodeEncodeError:  # lone surrogates, which JSON cannot hold
        return {"text": text.encode("utf-8", "surrogatepass").hex()}
    return text


def _encode_integer(number: int) -> int:
    if number.bit_length() > MAX_BITS:
        raise NotPlain("a whole number that is too large")
    return number


def _unchanged(value: object) -> Any:
    return value


SIMPLE: dict[type, Callable[[Any], Any]] = {
    type(None): _unchanged,
    bool: _unchanged,
    int: _encode_integer,
    float: lambda number: {"float": repr(number)},  # which JSON has no word for where it is not finite
    str: _encode_text,
    bytes: lambda content: {"bytes": content.hex()},
}
COLLECTIONS: dict[str, Callable[[Iterator[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
}


def _decode(coded: Any, depth: int, other: Decoder) -> Any:
    if coded is None or type(coded) in (bool, str, int):
        return coded
    if type(coded) is not dict or len(coded) != 1 or depth < 0:
        raise ValueError("no plain value")
    ((kind, content),) = coded.items()
    if kind in ("float", "bytes", "text"):
        if type(content) is not str:
            raise ValueError("no plain value")
        if kind == "float":
            return float(content)
        raw = bytes.fromhex(content)
        return raw if kind == "bytes" else raw.decode("utf-8", "surrogatepass")
    if kind != "dict" and kind not in COLLECTIONS:
        return other(kind, content)
    if type(content) is not list:
        raise ValueError("no plain value")
    if kind == "dict":
        return {_decode(key, depth - 1, other): _decode(item, depth - 1, other) for key, item in content}
    return COLLECTIONS[kind](_decode(item, depth - 1, other) for item in content)
