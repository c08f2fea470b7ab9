"""Calls that wait for answers, made at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Answer = TypeVar("Answer")
MOST = 8
"""Calls that are made at once."""


def side_by_side(calls: Iterable[Callable[[], Answer]]) -> list[Answer]:
    """Return what calls give, in their order; raises what the first of them in that order does, when all have ended."""
    waiting = list(calls)
    if len(waiting) < 2:
        return [call() for call in waiting]
    with ThreadPoolExecutor(min(MOST, len(waiting))) as pool:
        asked = [pool.submit(call) for call in waiting]
    return [each.result() for each in asked]
