"""Gradings that are disturbed while learner code runs: points stay open, and nothing is left after the next start."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import command_line
import pytest
import sandboxes

from infra_grader.capabilities import docker as daemons
from infra_grader.capabilities import docker_owner
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.sandbox import MIB, Job, Limit, Limits
from infra_grader.sandboxes import _cgroup
from infra_grader.sandboxes.bubblewrap_sandbox import open_bubblewrap
from infra_grader.testing import run_check

RUBRIC = """\
schema: infra-grader/rubric/v1
id: programs
version: 1
title: Programs
points: 10
pass_mark: 6
criteria:
  - id: programs
    title: Programs
    points: 10
    checks:
      - id: greets
        title: It greets
        uses: command.run
        with: {path: greet.py, seconds: 60, cases: [{arguments: [Ada], stdout: {exact: "Hello, Ada!"}}]}
"""
GREETS = "import sys\nprint(f'Hello, {sys.argv[1]}!')\n"
HANGS = (
    "import os, time\nopen('up', 'w')\nif os.fork():\n    time.sleep(873.25)\nos.execvp('sleep', ['sleep', '873.25'])\n"
)


NUMBERS = itertools.count()


class Machine:
    """Where gradings run: with a folder of its own for temporary files, so that what is left can be seen."""

    def __init__(self, folder, wall):
        self.folder, self.wall = folder, wall
        self.scratch = folder / "scratch"
        self.scratch.mkdir(mode=0o755)
        self.rubric = command_line.write_rubric(folder, RUBRIC, "programs.yaml")
        self.more = {**sandboxes.daemon(), "TMPDIR": str(self.scratch)}
        self.started = []
        # Tells this test's programs from those of others that run at the same time.
        self.seconds = f"873.{os.getpid()}{next(NUMBERS):04}"

    def write(self, name, text):
        (self.folder / name).mkdir()
        (self.folder / name / "greet.py").write_text(text.replace("873.25", self.seconds))
        return self.folder / name

    def arguments(self, work):
        return ["grade", work, "--rubric", self.rubric, "--sandbox", self.wall, "--report", "json"]

    def grade(self, work):
        return command_line.run(*self.arguments(work), folder=self.folder, **self.more)

    def start(self, work):
        """Start a grading and come back when the learner's program runs."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "infra_grader", *map(str, self.arguments(work))],
            env=command_line.environment(self.folder, **self.more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        self.wait(lambda: [*self.scratch.glob("*/run-*/work/up")])
        return process

    def wait(self, holds, seconds=60):
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until
            time.sleep(0.05)

    @property
    def left(self):
        """What is left of gradings: files, programs, control groups and containers."""
        homes = [*self.scratch.glob("infra-grader-*")]
        groups = [group for home in homes for group in Path("/sys/fs/cgroup").glob(f"*/{home.name}*")]
        return [*homes, *groups, *self.programs(), *self.containers()]

    def programs(self):
        found = []
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                found += [place] * (f"sleep\x00{self.seconds}".encode() in place.read_bytes())
            except OSError:
                continue
        return found

    def containers(self):
        if self.wall != "docker":
            return []
        with closing(daemons.connect()) as api:
            found = api.containers(all=True, filters={"label": docker_owner.HOME_LABEL})
        return [one for one in found if one["Labels"][docker_owner.HOME_LABEL].startswith(str(self.scratch))]


@pytest.fixture(params=sandboxes.WALLS)
def machine(request, tmp_path):
    sandboxes.require(request.param)
    tmp_path.chmod(0o755)
    made = Machine(tmp_path, request.param)
    yield made
    for process in made.started:
        process.kill()
        process.communicate()


def test_an_interruption_leaves_nothing(machine):
    process = machine.start(machine.write("ada", HANGS))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert (out, "Traceback" in err) == ("", False)
    machine.wait(lambda: not machine.left, seconds=10)  # or the next grader might have removed it


def test_what_a_killed_grader_leaves_goes_at_the_next_start(machine):
    process = machine.start(machine.write("ada", HANGS))
    process.kill()
    process.communicate(timeout=60)
    ended = machine.grade(machine.write("bob", GREETS))
    assert ended.code == 0, ended.err
    machine.wait(lambda: not machine.left)


def test_two_graders_at_once_do_not_disturb_each_other(machine):
    machine.start(machine.write("ada", HANGS))
    works = [machine.write(name, GREETS) for name in ("bob", "cy", "di")]
    with ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(machine.grade, works))
    assert [one.code for one in ended] == [0, 0, 0], ended
    assert machine.programs(), "the first one still runs"
    assert len([*machine.scratch.glob("infra-grader-*")]) == 1


@pytest.mark.parametrize("wall", sandboxes.WALLS)
def test_a_full_disk_leaves_the_points_open(wall, tmp_path, monkeypatch):
    sandboxes.require(wall)
    (tmp_path / "greet.py").write_text(GREETS)
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    outcome = run_check(
        "command.run", {"path": "greet.py", "cases": [{"stdout": {"exact": "a"}}]}, tmp_path, sandbox=wall
    )
    assert outcome.status == "not_assessed"
    assert "too little space" in outcome.message
    assert "TMPDIR" in outcome.remedy


def test_limits_that_this_kernel_cannot_set_are_named_and_others_hold(monkeypatch):
    sandboxes.require_bubblewrap()
    monkeypatch.setattr(_cgroup, "_parents", dict)
    with closing(open_bubblewrap([])) as sandbox:
        assert {weakness.partition(":")[0] for weakness in sandbox.cannot_enforce} >= {"memory", "processes"}
        eats = (sandbox.python, "-c", "kept = bytearray(300 << 20); print(len(kept))")
        ended = sandbox.run(Job(arguments=eats, limits=Limits(memory_bytes=128 * MIB)), Deadline(60))
        assert ended.stdout == b""
        assert ended.exit_status != 0
        hangs = Job(arguments=("sleep", "60"), limits=Limits(wall_s=1))
        assert sandbox.run(hangs, Deadline(60)).limit == Limit.TIME


def test_a_sandbox_that_is_missing_says_what_to_do(tmp_path):
    work = command_line.write_submission(tmp_path, greet__py=GREETS)
    rubric = command_line.write_rubric(tmp_path, RUBRIC, "programs.yaml")
    ended = command_line.run(
        "grade", work, "--rubric", rubric, "--sandbox", "docker", "--report", "json", folder=tmp_path,
        DOCKER_HOST=f"unix://{tmp_path}/none.sock",
    )  # fmt: skip
    assert ended.code == 3, ended.err
    check = json.loads(ended.out)["criteria"][0]["checks"][0]
    assert check["status"] == "not_assessed"
    assert "No Docker daemon answers" in check["message"]
    assert check["remedy"]
