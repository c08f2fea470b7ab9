"""docker.build on a real daemon: what it sends, what it keeps apart, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import containers
import pytest

from infra_grader.capabilities import _docker_buildkit, docker, docker_build, docker_room
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_build import BuildRequest
from infra_grader.capabilities.docker_build_cache import PREFIX
from infra_grader.capabilities.docker_reach import containers_find
from infra_grader.capabilities.docker_room import LEAST_BYTES
from infra_grader.capabilities.live_docker import open_live_docker
from infra_grader.testing import run_check

BASE = "FROM python:3.11-slim\n"
QUIET = {"network": "none"}


@pytest.fixture(autouse=True)
def _docker():
    containers.require()


@pytest.fixture(params=["buildkit", "classic"])
def builder(request, monkeypatch):
    """Each of the two builders."""
    if request.param == "classic":
        monkeypatch.setattr(_docker_buildkit, "_clients", lambda: iter(()))
    elif not list(_docker_buildkit._clients()):
        pytest.skip("there is no docker command")
    return request.param


def write(folder, **files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="")


def build(folder, dockerfile=None, /, timeout=60.0, **parameters):
    if dockerfile is not None:
        write(folder, Dockerfile=dockerfile)
    return run_check("docker.build", {**QUIET, **parameters}, folder, live="docker", timeout=timeout)


@pytest.fixture
def mark():
    """A word for the Dockerfile of a test: other workers build in the same daemon."""
    return f"m{time.time_ns() % 10**12:012d}"


def left(mark):
    """Return all images and containers with this label in the daemon, and all cache records whose steps say it."""
    with closing(docker.connect()) as api:
        images = [image["Id"] for image in api.images(all=True, filters={"label": f"mark={mark}"})]
        containers = [item["Id"] for item in api.containers(all=True, filters={"label": f"mark={mark}"})]
        records = [record["ID"] for record in api.df().get("BuildCache") or () if mark in record["Description"]]
    return images + containers + records


def runs(word):
    """Whether a process with this word in its command line runs on this machine."""
    mine = str(os.getpid())
    for place in Path("/proc").glob("[0-9]*"):
        if place.name == mine:
            continue
        try:
            if word in (place / "cmdline").read_bytes().decode("utf-8", "replace"):
                return True
        except OSError:
            continue
    return False


def gone(is_there, seconds=15.0):
    """Whether something goes within some seconds."""
    until = time.monotonic() + seconds
    while is_there():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True


class TestBuilders:
    def test_a_good_build_leaves_nothing(self, tmp_path, builder, mark):
        outcome = build(tmp_path, BASE + f"LABEL mark={mark}\nRUN echo {mark}\nCOPY Dockerfile /{mark}/\n")
        assert outcome.status == "passed", outcome
        assert outcome.measure.value > 0
        assert left(mark) == []

    def test_a_failing_build_leaves_nothing_and_names_its_line(self, tmp_path, builder, mark):
        outcome = build(
            tmp_path, BASE + f"LABEL mark={mark}\nRUN echo {mark}\n\nRUN echo one; echo two >&2; exit 4\nRUN true\n"
        )
        assert outcome.status == "failed"
        assert outcome.message == "Dockerfile does not build: RUN on line 5 fails with exit code 4."
        assert outcome.evidence[0].line == 5
        assert {"one", "two"} <= set(outcome.evidence[1].text.splitlines())
        assert left(mark) == []

    def test_a_build_that_hangs_ends_in_the_daemon_too(self, tmp_path, builder):
        mark = f"3{time.time_ns() % 10**7:07d}"
        outcome = build(tmp_path, BASE + f"RUN sleep {mark}\n", seconds=4)
        assert outcome.status == "failed"
        assert "is not built within 4 s; it was stopped at build step" in outcome.message
        assert gone(lambda: runs(f"sleep\0{mark}"))

    def test_the_engines_own_limit_is_not_the_learners(self, tmp_path, builder):
        mark = f"4{time.time_ns() % 10**7:07d}"
        outcome = build(tmp_path, BASE + f"RUN sleep {mark}\n", timeout=4)
        assert outcome.status == "not_assessed"
        assert gone(lambda: runs(f"sleep\0{mark}"))

    def test_a_missing_file_and_a_missing_base(self, tmp_path, builder):
        missing = build(tmp_path, BASE + "COPY nowhere /\n")
        assert (missing.status, missing.evidence[0].line) == ("failed", 2)
        write(tmp_path, **{"app.py": "x", ".dockerignore": "# none\n*\n!b\n"})
        left_out = build(tmp_path, BASE + "COPY app.py /\n")
        assert left_out.message.endswith("; .dockerignore keeps it out."), left_out
        assert (left_out.evidence[1].path, left_out.evidence[1].line) == (".dockerignore", 2)
        outcome = build(tmp_path, "FROM python:0.0-nobody-has-this\nRUN true\n")
        assert outcome.status in ("failed", "not_assessed")  # as the registry answers or not
        assert "python:0.0-nobody-has-this" in outcome.message

    def test_hostile_names_and_line_ends(self, tmp_path, builder):
        write(tmp_path, **{"a b/quote'\"$(x).txt": "x", "-rf": "x", "line\nbreak": "x", ".dockerignore": "*.log\r\n"})
        (tmp_path / "out").symlink_to("/etc/passwd")
        write(tmp_path, **{"b.log": "x"})
        outcome = build(tmp_path, BASE + "COPY . /app/\r\nRUN test -e /app/-rf && test ! -e /app/b.log\r\n")
        assert outcome.status == "passed", outcome

    def test_a_label_of_the_learners_does_not_hide_the_image(self, tmp_path, builder, mark):
        labels = f"LABEL mark={mark} infra-grader.run=other infra-grader=x infra-grader.home=/\n"
        outcome = build(tmp_path, f"{BASE}{labels}RUN echo {mark}\n")
        assert outcome.status == "passed"
        assert left(mark) == []

    def test_a_stage_with_its_argument(self, tmp_path, builder):
        text = BASE.replace("\n", " AS a\n") + 'ARG X=1\nRUN test "$X" = 2\nFROM a\nRUN exit 9\n'
        assert build(tmp_path, text, target="a", arguments={"X": "2"}).status == "passed"
        assert build(tmp_path, text, target="a").evidence[0].line == 3
        unknown = build(tmp_path, text, target="b")
        assert (unknown.status, unknown.message) == ("failed", "Dockerfile has no stage b.")


class TestLimits:
    def test_a_disk_that_fills_up_stops_the_build(self, tmp_path, builder, monkeypatch):
        usage = SimpleNamespace(free=2 * LEAST_BYTES)
        monkeypatch.setattr(docker_room.shutil, "disk_usage", lambda _folder: usage)
        mark = f"6{time.time_ns() % 10**7:07d}"
        threading.Thread(
            target=lambda: gone(lambda: not runs(f"sleep\0{mark}"), 30) and setattr(usage, "free", 0)
        ).start()
        outcome = build(tmp_path, BASE + f"LABEL mark={mark}\nRUN sleep {mark}\n")
        assert outcome.status == "not_assessed"
        assert "no space left" in outcome.message
        assert gone(lambda: runs(f"sleep\0{mark}"))
        assert left(mark) == []

    def test_what_the_classic_builder_lacks_is_not_assessed(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_docker_buildkit, "_clients", lambda: iter(()))
        outcome = build(tmp_path, BASE + "RUN --mount=type=cache,target=/c true\n")
        assert outcome.status == "not_assessed"
        assert "RUN --mount on line 2" in outcome.message

    def test_a_command_that_cannot_is_passed_over(self, tmp_path, monkeypatch):
        for name in ("silent", "buildx"):
            write(tmp_path / name, docker="#!/bin/sh\necho 'ERROR: the buildx component is missing'\nexit 1\n")
            (tmp_path / name / "docker").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path / 'silent'}:{tmp_path / 'buildx'}:{os.environ['PATH']}")
        write(tmp_path, **{"work/Dockerfile": BASE + "RUN true\n"})
        assert build(tmp_path / "work").status == "passed"

    def test_another_frontend_is_not_fetched(self, tmp_path):
        outcome = build(tmp_path, "# syntax=registry.invalid/evil:1\n" + BASE + "RUN exit 5\n")
        assert outcome.evidence[0].line == 3

    def test_five_gigabytes_are_refused_at_once(self, tmp_path):
        with open(tmp_path / "model.bin", "wb") as stream:
            stream.truncate(5 * 10**9)
        began = time.monotonic()
        outcome = build(tmp_path, "FROM scratch\nCOPY model.bin /\n")
        assert outcome.status == "failed"
        assert "model.bin with 5,000.0 MB" in outcome.message
        assert time.monotonic() - began < 20

    def test_a_folder_that_leads_out(self, tmp_path):
        (tmp_path / "up").symlink_to("/etc")
        assert "is no folder of the submission" in build(tmp_path, BASE, context="up").message

    def test_output_without_end(self, tmp_path):
        outcome = build(tmp_path, BASE + "RUN yes 'much output' | head -c 30000000; exit 6\n")
        assert outcome.message.endswith("exit code 6.")
        assert len(outcome.evidence[1].text) < 20_000

    def test_two_learners_never_share_a_cache_mount(self, tmp_path):
        mount = "RUN --mount=type=cache,id=pip,target=/cache "
        poison = build(
            tmp_path / "a", None if (tmp_path / "a").mkdir() else BASE + mount + "echo evil > /cache/flask\n"
        )
        assert poison.status == "passed", poison
        (tmp_path / "b").mkdir()
        assert build(tmp_path / "b", BASE + mount + "test ! -e /cache/flask\n").status == "passed"

    def test_two_learners_never_share_a_step(self, tmp_path):
        layers = []
        for _ in range(2):
            with closing(open_live_docker()) as live:
                folder = live.scratch / "build"
                (folder / "context").mkdir(parents=True)
                write(folder, Dockerfile=BASE + "RUN cat /proc/sys/kernel/random/uuid > /id\n")
                request = BuildRequest(folder=folder, path="Dockerfile", network="none")
                image = docker_build.build(live, request, Deadline(60), str)
                layers.append(live.api.inspect_image(image.id)["RootFS"]["Layers"])
        assert layers[0][0] == layers[1][0]
        assert layers[0][-1] != layers[1][-1]


def test_what_containers_find():
    with closing(open_live_docker()) as live:
        assert containers_find(live, ["python:3.11-slim"], "localhost")
        assert not containers_find(live, ["python:3.11-slim"], "nowhere.invalid")
        assert containers_find(live, ["nobody/has-this:1", "scratch"], "nowhere.invalid")
        assert live.leftovers() == []


class TestSharing:
    def test_two_checks_that_ask_for_the_same_build_once(self, tmp_path):
        write(tmp_path, Dockerfile=BASE + "RUN cat /proc/sys/kernel/random/uuid > /id\n")
        before = {name: {"uses": "docker.build", "with": QUIET} for name in ("one", "two")}
        began = time.monotonic()
        outcome = run_check("docker.build", QUIET, tmp_path, live="docker", before=before)
        alone = outcome.measure.value
        assert outcome.status == "passed"
        assert time.monotonic() - began < 2 * alone + 5
        assert outcome.duration_s < 0.5


KILLED = """
import sys
from pathlib import Path
from infra_grader.testing import run_check
run_check("docker.build", {"network": "none"}, Path(sys.argv[1]), live="docker")
"""


class TestKilled:
    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
    def test_a_grader_that_is_killed_in_a_build(self, tmp_path, how):
        mark = f"5{time.time_ns() % 10**7:07d}"
        write(tmp_path, Dockerfile=BASE + f"LABEL mark={mark}\nRUN echo {mark} > /a\nRUN sleep {mark}\n")
        command = [sys.executable, "-c", KILLED, str(tmp_path)]
        grader = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        assert gone(lambda: not runs(f"sleep\0{mark}"), 40), "the build has not begun"
        grader.send_signal(how)
        grader.wait()
        assert gone(lambda: runs(f"sleep\0{mark}")), "the build goes on without its grader"
        time.sleep(3)
        assert build(tmp_path, BASE + "RUN true\n").status == "passed"
        assert gone(lambda: left(mark), 5), left(mark)
        assert not list(Path("/tmp").glob(f"{PREFIX}{grader.pid}-*"))
