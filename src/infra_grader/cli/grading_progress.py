"""What a grading is at: a line on a terminal that is kept up to date; elsewhere, plain lines about what takes long."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager

from infra_grader.cli.output import Progress, tell
from infra_grader.model.record import Record

SLOW_S = 10.0
"""How long a check must have run before a plain line tells of it, and how far its lines are apart at least."""
AGAIN_S = 60.0
"""After how long it is told again that a check is at the same still."""
LOOK_S = 0.5
LONGEST = 200


class GradingProgress(AbstractContextManager["GradingProgress"]):
    """Shows on standard error what the checks are at; of a quick grading, nothing is left there."""

    def __init__(self, total: int, *, is_wanted: bool) -> None:
        """Count to this total."""
        self._line = Progress(total, is_wanted=is_wanted)
        self._slow = SlowChecks() if is_wanted and not self._line.is_wanted else None

    def tell(self, check_id: str, text: str) -> None:
        """Show what a check is at; may be called in any thread."""
        self._line.say(f"{check_id}: {text}")
        if self._slow is not None:
            self._slow.tell(check_id, text)

    def settle(self, check_id: str) -> None:
        """Count a check that has ended."""
        self._line.step(check_id)
        if self._slow is not None:
            self._slow.settle(check_id)

    def __exit__(self, *_: object) -> None:
        """Remove the line, and tell nothing more."""
        self._line.wipe()
        if self._slow is not None:
            self._slow.close()


class _Slow(Record):
    """A check that runs."""

    began: float
    text: str
    told: float
    """When a line told of it last; at first, when it began."""
    is_news: bool = True
    """Whether no line has told of this text."""


class SlowChecks:
    """Writes a line to standard error, now and then, for each check that takes long. Safe to use in several threads."""

    def __init__(self) -> None:
        self._running: dict[str, _Slow] = {}
        self._settled: set[str] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._clock: threading.Thread | None = None

    def tell(self, check_id: str, text: str) -> None:
        """Keep what a check is at."""
        now = time.monotonic()
        with self._lock:
            if check_id in self._settled:  # it was left behind, and does not know
                return
            one = self._running.get(check_id) or _Slow(began=now, text=text, told=now)
            self._running[check_id] = one.replace(text=text, is_news=one.is_news or text != one.text)
            if self._clock is None and not self._closed.is_set():
                self._clock = threading.Thread(target=self._watch, name="progress", daemon=True)
                self._clock.start()

    def settle(self, check_id: str) -> None:
        """Tell of a check no more: it has ended."""
        with self._lock:
            self._running.pop(check_id, None)
            self._settled.add(check_id)

    def close(self) -> None:
        """Tell of nothing more."""
        self._closed.set()
        if self._clock is not None:
            self._clock.join()

    def _watch(self) -> None:
        while not self._closed.wait(LOOK_S):
            for line in self._due(time.monotonic()):
                tell(line)

    def _due(self, now: float) -> list[str]:
        """Return the lines that are to be written now."""
        from infra_grader.reading.visible import visible  # what a check tells may be the learner's

        lines = []
        with self._lock:
            for check_id, one in self._running.items():
                if now - one.told >= (SLOW_S if one.is_news else AGAIN_S):
                    seconds = f"{now - one.began:.0f} s"
                    lines.append(visible(f"infra-grader: {check_id}, {seconds}: {one.text}")[:LONGEST])
                    self._running[check_id] = one.replace(told=now, is_news=False)
        return lines
