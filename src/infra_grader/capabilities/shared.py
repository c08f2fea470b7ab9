"""What the checks of one submission make once and share, and what is closed at its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import ExitStack
from typing import TypeVar

from infra_grader.model.outcome import CheckFailed, NotAssessed, Unavailable

Made = TypeVar("Made")


class Shared:
    """What the checks of one submission share, and what is closed at its end."""

    def __init__(self) -> None:
        self._closing = ExitStack()
        self._is_closed = False
        self._made: dict[Hashable, object] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return the value of a key, made at most once."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            made = self._made.get(key, self)  # which nobody makes
            if made is self:
                try:
                    made = make()
                except Unavailable:
                    raise
                except (CheckFailed, NotAssessed) as verdict:
                    made = verdict
                self._made[key] = made
        if isinstance(made, CheckFailed | NotAssessed):
            raise made
        return made  # type: ignore[return-value]  # what `make` of the same key gave

    def made(self, key: Hashable) -> object | None:
        """Return the value of a key if it was made; `None` if nobody asked for it, or it could not be made."""
        with self._lock:
            made = self._made.get(key)
        return None if isinstance(made, CheckFailed | NotAssessed) else made

    def forget_verdicts(self) -> None:
        """Let what could not be made be tried again by who asks next."""
        with self._lock:
            for key, made in list(self._made.items()):
                if isinstance(made, CheckFailed | NotAssessed):
                    del self._made[key]

    def on_close(self, close: Callable[[], None]) -> None:
        """Call this at the end of the submission; at once where that is over, and `NotAssessed` is raised then."""
        with self._lock:
            is_late = self._is_closed
            if not is_late:
                self._closing.callback(close)
        if is_late:  # in the thread of a check that was left behind
            close()
            raise NotAssessed("The grading has ended.")

    def close(self) -> None:
        """Close what was opened, latest first."""
        with self._lock:
            self._is_closed = True
        self._closing.close()
