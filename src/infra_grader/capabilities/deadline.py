"""How long a check may still take, handed to every call that waits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Overrun(BaseException):
    """The check's time is up. Not an `Exception`, so that no check swallows it by accident."""


class Deadline:
    """A moment on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        """What was allowed in all."""
        self._end = time.monotonic() + seconds
        self._stands_since: float | None = None

    def remaining(self) -> float:
        """Return the seconds left, never below 0."""
        return max(0.0, -self.passed_by(time.monotonic()))

    def passed_by(self, now: float) -> float:
        """Return the seconds by which a moment of the monotonic clock is past the deadline, or a negative number."""
        stands_since = self._stands_since
        return (now if stands_since is None else stands_since) - self._end

    def check(self) -> None:
        """Raise `Overrun` if the time is up."""
        if self.remaining() <= 0:
            raise Overrun

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the time stand still while the block runs, in the one thread that uses it: nobody pays for that wait.

        The block has to bound it by a deadline of its own.
        """
        if self._stands_since is not None:
            yield
            return
        self._stands_since = time.monotonic()
        try:
            yield
        finally:
            self._end += time.monotonic() - self._stands_since  # before it goes on, for who looks from another thread
            self._stands_since = None
