"""What a plain type sees of an instance of its subclass, whatever the subclass says of itself.

It needs nothing but the standard library, since its text runs in the sandbox too; see `program_text`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

CONTENT_TYPES: dict[type, Callable[[Any], Any]] = {
    int: int.__index__,
    float: float.__float__,
    str: lambda text: "".join(str.__iter__(text)),
    bytes: lambda content: bytes(bytes.__iter__(content)),
    list: lambda items: list(list.__iter__(items)),
    tuple: lambda items: tuple(tuple.__iter__(items)),
    dict: lambda mapping: dict(dict.items(mapping)),
    set: lambda items: set(set.__iter__(items)),
    frozenset: lambda items: frozenset(frozenset.__iter__(items)),
}


def content_of(value: object) -> list[Any]:
    """Return the plain content of an instance of a subclass of a plain type, in a list; else an empty list."""
    kind = next((kind for kind in CONTENT_TYPES if issubclass(type(value), kind)), None)
    return [CONTENT_TYPES[kind](value)] if kind is not None else []


def number_of(value: object) -> object:
    """Return Python's own number, truth value or text for one of numpy's; any other value as it is."""
    if any((part.__module__, part.__name__) == ("numpy", "generic") for part in type(value).__mro__):
        scalar: Any = value
        return scalar.item()
    return value
