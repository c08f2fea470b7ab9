"""Turns that the checks of one run take with what only one of them can use at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from infra_grader.capabilities.deadline import Deadline
from infra_grader.model.outcome import NotAssessed

PATIENCE_S = 600.0
"""Seconds that a check waits at most while others of its run are at it."""


@contextmanager
def taking_turns(lock: threading.Lock | threading.RLock, deadline: Deadline, what: str) -> Iterator[None]:
    """Hold a lock while the block runs. The check does not pay for the wait.

    Raises `NotAssessed`, which says what was busy, where others take more than `PATIENCE_S` seconds.
    """
    with deadline.paused():
        is_ours = lock.acquire(timeout=PATIENCE_S)
    if not is_ours:
        raise NotAssessed(f"Other checks kept the {what} busy for {PATIENCE_S:g} s.", "Grade again.")
    try:
        yield
    finally:
        lock.release()
