"""How long a check may still take, handed to every call that waits."""

from __future__ import annotations

import time


class Overrun(BaseException):
    """The check's time is up. Not an `Exception`, so that no check swallows it by accident."""


class Deadline:
    """A moment on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        """What was allowed in all."""
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, never below 0."""
        return max(0.0, self._end - time.monotonic())

    def passed_by(self, now: float) -> float:
        """Return the seconds by which a moment of the monotonic clock is past the deadline, or a negative number."""
        return now - self._end

    def check(self) -> None:
        """Raise `Overrun` if the time is up."""
        if self.remaining() <= 0:
            raise Overrun
