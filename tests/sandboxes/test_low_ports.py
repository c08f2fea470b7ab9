"""Ports below 1024 in bubblewrap: opened where this machine lets us, and said where it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.sandbox import Job
from infra_grader.sandboxes import _low_ports, bubblewrap_sandbox


def test_what_keeps_them_closed_is_a_weakness_of_the_sandbox(monkeypatch):
    monkeypatch.setattr(_low_ports, "find_program", lambda _name: "")
    said = [*bubblewrap_sandbox._weaknesses()]
    assert "ports: a service cannot listen on one below 1024, since nsenter is not installed" in said


def test_a_process_that_has_ended_is_told():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(ProcessLookupError):
        _low_ports.open_low_ports(ended.pid)


def test_ports_of_this_machine_are_left_alone():
    first_free, before = Path(_low_ports.FIRST_FREE), os.listdir("/proc/self/fd")
    found = first_free.read_text()
    _low_ports.open_low_ports(os.getpid())
    assert first_free.read_text() == found
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_nothing_is_left_open(bubblewrap):
    job = Job(arguments=("/bin/cat",))
    before = len(os.listdir("/proc/self/fd"))
    with bubblewrap.attach(job, Deadline(20)) as channel:
        channel.send(b"here", Deadline(20))
        assert channel.receive(Deadline(20)) == b"here"
    assert len(os.listdir("/proc/self/fd")) == before
