"""How far a class is: a line on a terminal that is kept up to date, or a line for each submission elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from contextlib import suppress

from infra_grader.batch.run import Event
from infra_grader.cli.output import stream_width, tell
from infra_grader.model.gradebook import State
from infra_grader.reading.visible import visible


class ClassProgress:
    """Counts submissions on standard error; of a learner it shows the id alone."""

    def __init__(self, total: int) -> None:
        self.done = 0
        self._total = total
        self._counts: Counter[str] = Counter()
        self._began = time.monotonic()
        self._is_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def step(self, event: Event) -> None:
        """Count a submission that has ended."""
        self.done = event.done
        self._counts[_kind(event)] += 1
        if not self._is_terminal:
            what = f"{event.state}: {event.message}" if event.message else event.state
            tell(visible(f"{self.done} of {self._total}  {event.learner}  {what}"))
            return
        line = visible(f"{self._line()}  {event.learner}")
        self._show(line[: stream_width(sys.stderr) - 1])

    def wipe(self) -> None:
        """Remove the line."""
        if self._is_terminal and self.done:
            self._show("")

    def _line(self) -> str:
        counts = [
            f"{self._counts[kind]} {kind}" for kind in ("passing", "failing", "open", "absent") if self._counts[kind]
        ]
        return ", ".join([f"{self.done} of {self._total}", *counts, self._left()])

    def _left(self) -> str:
        seconds = (time.monotonic() - self._began) / max(self.done, 1) * (self._total - self.done)
        return f"{seconds / 60:.0f} min left" if seconds >= 90 else f"{seconds:.0f} s left"

    @staticmethod
    def _show(line: str) -> None:
        with suppress(OSError):  # a terminal that went away costs no grading
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()


def _kind(event: Event) -> str:
    if event.state is State.ABSENT:
        return "absent"
    if event.state is not State.GRADED or event.passed is None:
        return "open"
    return "passing" if event.passed else "failing"
