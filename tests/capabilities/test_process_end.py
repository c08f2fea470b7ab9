import subprocess
import sys
import threading
import time

import pytest

from infra_grader.capabilities.process_end import ended_within


@pytest.fixture
def start():
    started = []

    def start(code):
        started.append(subprocess.Popen([sys.executable, "-I", "-S", "-c", code], stdin=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_an_end_is_seen(start):
    process = start("raise SystemExit(3)")
    assert ended_within(process, 30)
    assert process.returncode == 3


def test_a_process_that_runs_is_waited_for_as_long_as_said(start):
    process = start("input()")
    before = time.monotonic()
    assert not ended_within(process, 0.2)
    assert 0.15 < time.monotonic() - before < 10
    assert not ended_within(process, 0)
    assert not ended_within(process, -1)


def test_an_end_that_is_known_already_is_no_wait(start):
    process = start("")
    process.wait(30)
    assert ended_within(process, 30)
    assert ended_within(process, 0)


def test_two_threads_may_wait_for_the_same_process(start):
    process = start("input()")
    seen = []
    waiting = [threading.Thread(target=lambda: seen.append(ended_within(process, 30))) for _ in range(2)]
    for thread in waiting:
        thread.start()
    process.stdin.write(b"\n")
    process.stdin.flush()
    for thread in waiting:
        thread.join(30)
    assert seen == [True, True]


def test_a_kernel_that_cannot_tell_is_no_hindrance(start, monkeypatch):
    def refuse(_process):
        raise OSError("no such call")

    monkeypatch.setattr("os.pidfd_open", refuse, raising=False)
    assert not ended_within(start("input()"), 0.05)
    assert ended_within(start(""), 30)
