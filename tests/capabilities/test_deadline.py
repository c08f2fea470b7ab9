"""Deadlines, whose clock is played."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace

import pytest

from infra_grader.capabilities import deadline as module
from infra_grader.capabilities.deadline import Deadline, Overrun


@pytest.fixture
def clock(monkeypatch):
    played = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: played.now))
    return played


def test_it_passes_with_the_time(clock):
    deadline = Deadline(10)
    clock.now += 4
    assert deadline.remaining() == 6
    deadline.check()
    clock.now += 8
    assert deadline.remaining() == 0
    assert deadline.passed_by(clock.now) == 2
    with pytest.raises(Overrun):
        deadline.check()


def test_it_stands_still_while_it_is_paused(clock):
    deadline = Deadline(10)
    clock.now += 4
    with deadline.paused():
        clock.now += 100
        assert deadline.remaining() == 6
        assert deadline.passed_by(clock.now) == -6
        with deadline.paused():
            clock.now += 100
        assert deadline.remaining() == 6
    assert deadline.remaining() == 6
    clock.now += 7
    assert deadline.remaining() == 0


def test_it_goes_on_after_a_wait_that_failed(clock):
    deadline = Deadline(10)
    with suppress(KeyError), deadline.paused():
        clock.now += 100
        raise KeyError
    clock.now += 3
    assert deadline.remaining() == 7


def test_a_pause_gives_back_nothing_that_was_used_up(clock):
    deadline = Deadline(10)
    clock.now += 12
    with deadline.paused():
        clock.now += 5
    assert deadline.passed_by(clock.now) == 2
