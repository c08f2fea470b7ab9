"""A learner's processes that are forked: what one leaves behind never reaches the next."""

from __future__ import annotations

import pytest
import sandboxes

from infra_grader.capabilities import proxy
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.proxy_session import Lost, Session
from infra_grader.capabilities.sandbox import Limits
from infra_grader.capabilities.workspace import Workspace
from infra_grader.sandboxes.bubblewrap_sandbox import open_bubblewrap

LEFT = """
import os
import subprocess
import tempfile

CALLS = []


def remember():
    CALLS.append(1)
    return len(CALLS)


def write(place):
    with open(place, "w") as file:
        file.write("left")


def write_and_remove():
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"left")


def change():
    facts = os.stat("kept.txt")
    with open("kept.txt", "r+") as file:
        file.write("KEPT")
    os.utime("kept.txt", ns=(facts.st_atime_ns, facts.st_mtime_ns))


def run():
    return subprocess.run(["true"]).returncode


def leave_a_child():
    subprocess.Popen(["sleep", "60"], start_new_session=True)


def do(text):
    exec(text)


def stop_the_nursery():
    os.kill(os.getppid(), 19)


def kill_all():
    os.kill(-1, 9)


def found():
    files = [place for place in ("left.txt", "/tmp/left.txt", "/dev/shm/left.txt") if os.path.exists(place)]
    programs = [f"/proc/{name}/cmdline" for name in os.listdir("/proc") if name.isdigit()]
    others = [program for program in programs if b"sleep" in open(program, "rb").read()]
    return [files, others, open("kept.txt").read(), len(CALLS)]
"""
NOTHING = [[], [], "kept", 0]


class Counting:
    """A sandbox that counts what is started."""

    def __init__(self, sandbox):
        self._sandbox = sandbox
        self.starts = 0
        self.is_wall, self.python = sandbox.is_wall, sandbox.python

    def converse(self, job, deadline):
        self.starts += 1
        return self._sandbox.converse(job, deadline)


@pytest.fixture
def sandbox():
    sandboxes.require_bubblewrap()
    opened = open_bubblewrap([])
    yield Counting(opened)
    opened.close()


@pytest.fixture
def session(sandbox, tmp_path):
    (tmp_path / "left.py").write_text(LEFT)
    (tmp_path / "kept.txt").write_text("kept")
    job = proxy.job_for(sandbox, workspace=Workspace(tmp_path), limits=Limits(wall_s=5))
    with proxy.Learner(sandbox, job, Deadline(60)) as learner:
        session = Session(learner.answer, {"left": "left.py"}, lambda session, described: described)
        session.begin()
        yield session


def call(session, name, *arguments):
    function = session._reply({"op": "get", "on": session.module("left"), "name": name})["value"]
    return session.call(function, arguments, {})


@pytest.mark.parametrize("name", ["remember", "run", "found"])
def test_one_that_leaves_nothing_has_a_successor_in_the_same_sandbox(session, sandbox, name):
    for _ in range(3):
        call(session, name)
        session.begin()
    assert call(session, "found") == NOTHING
    assert sandbox.starts == 1


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("write", ("left.txt",)),
        ("write", ("/tmp/left.txt",)),
        ("write", ("/dev/shm/left.txt",)),
        ("write_and_remove", ()),
        ("change", ()),
        ("leave_a_child", ()),
    ],
)
def test_one_that_leaves_something_has_its_sandbox_thrown_away(session, sandbox, name, arguments):
    call(session, name, *arguments)
    session.begin()
    assert call(session, "found") == NOTHING
    assert sandbox.starts == 2


@pytest.mark.parametrize("name", ["kill_all", "stop_the_nursery"])
def test_one_that_turns_on_the_nursery_has_its_sandbox_thrown_away(session, sandbox, name):
    try:
        call(session, name)
    except Lost:
        session.forget()
    session.begin()
    assert call(session, "found") == NOTHING
    assert sandbox.starts == 2


@pytest.mark.parametrize(("ends", "said"), [("os._exit(3)", "exit status 3"), ("os.abort()", "ended by SIGABRT")])
def test_the_end_of_one_is_told_as_its_own(session, ends, said):
    with pytest.raises(Lost, match=said):
        call(session, "do", ends)
