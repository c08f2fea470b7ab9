"""Fingerprints of a text by winnowing, with which alike places are found without comparing texts.

Schleimer, Wilkerson, Aiken: "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003. Of every `window`
neighbouring grams of `gram` words each, the one with the least hash is kept (of equal ones the one kept before, which
they call robust winnowing). So two texts that share `window + gram - 1` words in a row are sure to share a
fingerprint, and nothing shorter than `gram` words is ever found alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

MODULUS = (1 << 61) - 1
BASE = 0x1F3D_5B79_A2C4_E681 % MODULUS


class Grain(NamedTuple):
    """How fine a kind of text is looked at, in words."""

    gram: int
    window: int

    @property
    def surely_found(self) -> int:
        """Words in a row that two texts must share to be sure to be found alike."""
        return self.gram + self.window - 1


CODE = Grain(16, 8)
GRAINS: Mapping[str, Grain] = {
    **dict.fromkeys(("YAML", "JSON", "text"), Grain(8, 5)),
    "Dockerfile": Grain(10, 4),
    **dict.fromkeys(("HCL", "shell", "settings", "SQL"), Grain(12, 6)),
}
"""By kind; all others are looked at as `CODE`. A word of YAML or of a document says more than one of a program."""


class Stream(NamedTuple):
    """A text, or a part of one, as words of which nothing is left that a copier changes without effort."""

    kind: str
    words: Sequence[str]
    lines: Sequence[int]
    """The line of the file that each word stands on."""


class Fingerprint(NamedTuple):
    """A gram that stands for its neighbourhood."""

    value: int
    at: int
    """Which word of the stream it begins with."""


def grain(kind: str) -> Grain:
    """Return how fine a kind is looked at."""
    return GRAINS.get(kind, CODE)


def fingerprints(stream: Stream) -> list[Fingerprint]:
    """Return the fingerprints of a stream in their order; none if it is shorter than a gram."""
    values = gram_values(stream)
    return [Fingerprint(values[at], at) for at in _winnowed(values, grain(stream.kind).window)]


def gram_values(stream: Stream) -> list[int]:
    """Return the hash of every gram; that of the gram at word n is item n. Grams of two kinds are never alike."""
    size = grain(stream.kind).gram
    if len(stream.words) < size:
        return []
    codes = [_code(word) for word in stream.words]
    outgoing = pow(BASE, size, MODULUS)
    value = 0
    for code in codes[:size]:
        value = (value * BASE + code) % MODULUS
    salt = _code(f"kind {stream.kind}")
    values = [value ^ salt]
    for gone, come in zip(codes, codes[size:], strict=False):
        value = (value * BASE + come - gone * outgoing) % MODULUS
        values.append(value ^ salt)
    return values


@lru_cache(maxsize=1 << 16)
def _code(word: str) -> int:
    """Return a number for a word that is the same in every process."""
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % MODULUS


def _winnowed(values: Sequence[int], window: int) -> Iterator[int]:
    """Yield the places of the hashes that are kept."""
    if 0 < len(values) < window:
        yield _last_least(values, 0, len(values))
        return
    kept = -1
    for end in range(window, len(values) + 1):
        start = end - window
        if kept < start:
            kept = _last_least(values, start, end)
            yield kept
        elif values[end - 1] < values[kept]:
            kept = end - 1
            yield kept


def _last_least(values: Sequence[int], start: int, end: int) -> int:
    found = values[start:end]
    least = min(found)
    return end - 1 - found[::-1].index(least)
