"""Whose fault a live check's outcome is: what it looks at is probed, so that nobody pays for a daemon that was down."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.model.outcome import ONE, CheckFailed, Outcome, Unavailable

PAUSE_S = 2.0
"""How long to wait before a check is asked once more."""


class Probed(Protocol):
    """A capability that can be down."""

    def probe(self) -> None:
        """Raise `Unavailable` unless it answers now."""


def attributed(
    ask: Callable[[], Outcome], probed: Sequence[Probed], deadline: Deadline, forget: Callable[[], object] = tuple
) -> Outcome:
    """Return what a live check finds, and ask once more where what it looks at was down in the meantime.

    It is probed before the check and, where points were lost, after it: then the loss is the learner's, or else
    `Unavailable` is raised if it happens twice, or if the first time left too little of the second. In between,
    `forget` lets go of what the first time may have found, and kept.
    """
    try:
        return _once(ask, probed)
    except Unavailable as error:
        if deadline.remaining() <= PAUSE_S:
            raise
        first = error
    time.sleep(PAUSE_S)
    lost = deadline.seconds - deadline.remaining()
    for each in probed:
        with suppress(Unavailable):  # what it tells of the time before is known by now
            each.probe()
    forget()
    try:
        return _once(ask, probed)
    except Overrun:
        if lost > deadline.seconds / 4:
            raise first from None
        raise


def _once(ask: Callable[[], Outcome], probed: Sequence[Probed]) -> Outcome:
    for each in probed:
        each.probe()
    try:
        outcome = ask()
    except CheckFailed:
        for each in probed:
            each.probe()
        raise
    if outcome.fraction < ONE:
        for each in probed:
            each.probe()
    return outcome
