"""Turns of the checks of a run, and who pays for the wait; no time is spent but that of a thread that starts."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from infra_grader.capabilities import turns
from infra_grader.capabilities.compose_project import ComposeProject
from infra_grader.capabilities.container_service import ContainerService
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.service import Service
from infra_grader.capabilities.turns import taking_turns
from infra_grader.model.outcome import NotAssessed


@contextmanager
def held(turn):
    """Let another thread have the turn while the block runs."""
    begun, over = threading.Event(), threading.Event()

    def hold():
        with turn(Deadline(60)):
            begun.set()
            over.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert begun.wait(60)
        yield
    finally:
        over.set()
        thread.join()


class SlowLock:
    """A lock that others give back after a time, which is played."""

    def __init__(self, clock, seconds):
        self.clock = clock
        self.seconds = seconds
        self.is_held = False

    def acquire(self, timeout):
        self.clock.now += min(timeout, self.seconds)
        self.is_held = timeout >= self.seconds
        return self.is_held

    def release(self):
        self.is_held = False


@pytest.fixture
def clock(monkeypatch):
    played = SimpleNamespace(now=1000.0)
    monkeypatch.setattr("infra_grader.capabilities.deadline.time", SimpleNamespace(monotonic=lambda: played.now))
    return played


def test_nobody_pays_for_the_wait(clock):
    deadline, lock = Deadline(10), SlowLock(clock, 500)
    with taking_turns(lock, deadline, "project"):
        assert lock.is_held
        clock.now += 4
        assert deadline.remaining() == 6
    assert not lock.is_held


def test_the_wait_has_an_end(clock):
    deadline = Deadline(10)
    with (
        pytest.raises(NotAssessed, match="kept the project busy for 600 s"),
        taking_turns(SlowLock(clock, 601), deadline, "project"),
    ):
        pytest.fail("it is not ours")
    assert deadline.remaining() == 10


def test_it_is_given_back_by_who_overran():
    lock = threading.Lock()
    with pytest.raises(Overrun), taking_turns(lock, Deadline(10), "project"):
        raise Overrun
    assert not lock.locked()


RUNNING = SimpleNamespace(find_end=str)
DAEMON = SimpleNamespace(restarts=0)


def container_service():
    service = ContainerService(None, 80, "docker run", pytest.fail)
    service.running = RUNNING
    return service


@pytest.mark.parametrize(
    ("what", "made"),
    [
        ("project", ComposeProject(DAEMON, None, "shop", Path())),
        ("container", container_service()),
        ("service", Service(None, None, RUNNING)),
    ],
    ids=["project", "container", "service"],
)
def test_checks_of_a_run_take_turns(what, made, monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE_S", 0.01)
    with (
        held(made.turn),
        pytest.raises(NotAssessed, match=f"Other checks kept the {what} busy"),
        made.turn(Deadline(60)),
    ):
        pytest.fail("it is not ours")
    with made.turn(Deadline(60)):
        pass
