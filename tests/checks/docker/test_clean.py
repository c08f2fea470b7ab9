"""Nothing that docker.run makes outlives its submission, however that ends; and a daemon that goes costs nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import containers
import pytest

from infra_grader.capabilities import docker as daemons
from infra_grader.capabilities import live_docker
from infra_grader.capabilities.docker_lifeline import Lifeline
from infra_grader.capabilities.live_docker import RUN_LABEL
from infra_grader.engine import attribution
from infra_grader.model.outcome import Unavailable
from infra_grader.testing import run_check

SDK_LEAVES_SOCKETS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The library does not close a socket that it could not connect."""
BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(autouse=True)
def _docker():
    containers.require()


@pytest.fixture
def runs(monkeypatch):
    """The runs that were opened meanwhile, by their ids."""
    opened = []
    make = live_docker.LiveDocker.__init__

    def note(self, api):
        make(self, api)
        opened.append(self.run)

    monkeypatch.setattr(live_docker.LiveDocker, "__init__", note)
    return opened


def left(runs):
    """Return what is there of these runs."""
    assert runs
    with closing(daemons.connect()) as api:
        found = []
        for run in runs:
            label = {"label": f"{RUN_LABEL}={run}"}
            found += api.containers(all=True, filters=label) + api.networks(filters=label)
            found += (api.volumes(filters=label)["Volumes"] or []) + api.images(all=True, filters=label)
        return found


def run(tmp_path, dockerfile=containers.SOUND + containers.CMD, timeout=60.0, **parameters):
    """Run an image that this Dockerfile makes."""
    parameters = {"reference": containers.build(dockerfile), "stays_s": 0, **parameters}
    return run_check("docker.run", parameters, tmp_path, live="docker", timeout=timeout)


def test_after_a_success_and_a_failure(tmp_path, runs):
    assert run(tmp_path).status == "passed"
    assert run(tmp_path, command=["false"]).status == "failed"
    assert left(runs) == []


def test_after_an_anonymous_volume(tmp_path, runs):
    with closing(daemons.connect()) as api:
        before = {each["Name"] for each in api.volumes()["Volumes"] or ()}
        assert run(tmp_path, containers.SOUND + "VOLUME /data\n" + containers.CMD).status == "passed"
        made = {each["Name"] for each in api.volumes()["Volumes"] or ()} - before
    assert left(runs) == []
    assert not made or os.environ.get("PYTEST_XDIST_WORKER"), "but others may make some beside us"


def test_after_the_check_s_own_time_is_up(tmp_path, runs):
    outcome = run(tmp_path, timeout=4, command=["sleep", "100"], ready=["/"], seconds=100)
    assert outcome.status == "not_assessed"
    assert left(runs) == []


def test_a_name_that_is_taken_is_no_clash(tmp_path):
    assert run(tmp_path, alias="web").status == "passed"
    assert run(tmp_path, alias="web").status == "passed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_after_an_interrupt(tmp_path, number):
    code = (
        "import sys, pathlib; from infra_grader.testing import run_check\n"
        "from infra_grader.capabilities import live_docker\n"
        "make = live_docker.LiveDocker.__init__\n"
        "def note(self, api): make(self, api); print(self.run, flush=True)\n"
        "live_docker.LiveDocker.__init__ = note\n"
        f"asked = {{'reference': {containers.build()!r}, 'stays_s': 100}}\n"
        f"run_check('docker.run', asked, pathlib.Path({str(tmp_path)!r}), live='docker', timeout=200)\n"
    )
    grader = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        own = [grader.stdout.readline().strip()]
        until = time.monotonic() + 60
        while len(left(own)) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        assert len(left(own)) == 2  # its container and its network
        grader.send_signal(number)
        grader.wait(60)
    finally:
        grader.kill()
        grader.wait()
        grader.stdout.close()
    if number == signal.SIGKILL:
        live_docker.open_live_docker().close()
    assert left(own) == []


PASS_ON = """
import contextlib, os, socket, sys, threading

def pass_on(source, target):
    with contextlib.suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)

listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen(50)
print("ready", flush=True)
while True:
    here, there = listening.accept()[0], socket.socket(socket.AF_UNIX)
    there.connect(sys.argv[2])
    for pair in ((here, there), (there, here)):
        threading.Thread(target=pass_on, args=pair, daemon=True).start()
"""


class Between:
    """A way to the daemon that can be cut, like a daemon that ends: the tests of others need the real one."""

    def __init__(self, folder, target):
        self.path = os.path.join(folder, "docker.sock")
        self._target = target
        self.start()

    def start(self):
        """Take connections."""
        arguments = [sys.executable, "-c", PASS_ON, self.path, self._target]
        self._process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
        self._process.stdout.readline()

    def stop(self):
        """End all connections, and take no more."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        Path(self.path).unlink(missing_ok=True)


@pytest.fixture
def between(monkeypatch, tmp_path_factory):
    """A way to the daemon that can be cut."""
    containers.build()  # while the daemon is there
    monkeypatch.setenv("REAL_DOCKER_HOST", daemons.address())
    folder = tmp_path_factory.mktemp("d")
    way = Between(folder, daemons.socket_of(daemons.address()))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{way.path}")
    yield way
    way.stop()


def cut_after(between, seconds, and_start=None):
    """Cut the way after some seconds, and open it again some seconds later."""

    def cut():
        time.sleep(seconds)
        between.stop()
        if and_start is not None:
            time.sleep(and_start)
            between.start()

    threading.Thread(target=cut, daemon=True).start()


@SDK_LEAVES_SOCKETS
def test_a_daemon_that_dies_between_two_calls_leaves_the_check_open(tmp_path, between, runs, monkeypatch):
    cut_after(between, 4)
    outcome = run(tmp_path, stays_s=20)
    assert outcome.status == "not_assessed", outcome
    assert "daemon" in outcome.message
    monkeypatch.setenv("DOCKER_HOST", os.environ["REAL_DOCKER_HOST"])
    live_docker.open_live_docker().close()
    assert left(runs[:1]) == []


@SDK_LEAVES_SOCKETS
def test_a_daemon_that_is_back_is_asked_once_more(tmp_path, between, runs):
    cut_after(between, 4, and_start=0.5)
    outcome = run(tmp_path, stays_s=8)
    assert outcome.status == "passed", outcome
    assert left(runs) == []


@SDK_LEAVES_SOCKETS
def test_a_container_that_a_restart_has_ended_is_not_the_learner_s(tmp_path, between, monkeypatch):
    """A daemon that is started anew ends its containers: what was lost then is asked once more."""
    monkeypatch.setattr(attribution, "PAUSE_S", 6.0)  # a busy machine takes a while to be back
    first = []
    start = daemons.connect

    def cut():
        with closing(start(os.environ["REAL_DOCKER_HOST"])) as api:
            until = time.monotonic() + 30
            while time.monotonic() < until and not first:
                first.extend(api.containers(filters={"ancestor": containers.build(), "label": RUN_LABEL}))
                time.sleep(0.1)
            between.stop()
            try:
                api.kill(first[0]["Id"])
            finally:
                between.start()

    cutting = threading.Thread(target=cut, daemon=True)
    cutting.start()
    outcome = run(tmp_path, stays_s=6)
    cutting.join(60)
    assert outcome.status == "passed", outcome


def test_a_lifeline_counts_how_often_it_was_cut(between):
    line = Lifeline(between.path)
    assert line.ends() == 0
    for ends in (1, 2):
        between.stop()
        between.start()
        until = time.monotonic() + 5
        while line.ends() < ends and time.monotonic() < until:
            time.sleep(0.05)
        assert line.ends() == ends
    line.close()
    assert line.ends() == 2
    assert Lifeline("").ends() == 0


@SDK_LEAVES_SOCKETS
def test_a_daemon_that_was_started_anew_is_told_to_every_check_that_saw_the_old_one(between):
    with closing(live_docker.open_live_docker()) as docker, ThreadPoolExecutor(2) as checks:
        both = threading.Barrier(2)

        def probe() -> str:
            both.wait(10)  # so that each is a thread of its own
            try:
                docker.probe()
            except Unavailable as error:
                return error.reason
            return ""

        def probes() -> list[str]:
            return [each.result() for each in [checks.submit(probe), checks.submit(probe)]]

        assert probes() == ["", ""]
        between.stop()
        between.start()
        until = time.monotonic() + 5
        while not docker.restarts and time.monotonic() < until:
            time.sleep(0.05)
        assert probes() == ["The Docker daemon was started anew in the meantime."] * 2
        assert probes() == ["", ""]
        docker.probe()  # a check that begins now has seen no other


def test_what_is_lost_on_a_full_disk_is_not_the_learner_s(tmp_path, monkeypatch):
    command = ["python3", "-c", "raise OSError(28, 'No space left on device')"]
    assert run(tmp_path, command=command).status == "failed"
    monkeypatch.setattr(live_docker, "FULL_BYTES", 1 << 60)
    outcome = run(tmp_path, command=command)
    assert outcome.status == "not_assessed"
    assert outcome.message == "There is no space left on the disk of Docker."
    assert run(tmp_path).status == "passed"


def test_a_container_that_vanishes_is_a_state_like_others(tmp_path):
    with closing(live_docker.open_live_docker()) as docker:
        from infra_grader.capabilities.deadline import Deadline
        from infra_grader.capabilities.docker_container import ContainerRequest, start

        container = start(docker, ContainerRequest(image=containers.build(), ports=(8000,)), Deadline(60))
        docker.api.remove_container(container.key, force=True)
        assert container.state().how == "the container was removed"
        assert container.log() == b""
        assert container.processes() == []
        assert container.execute(("true",), Deadline(10), seconds=5) is None
        assert container.memory_bytes() == 0
        assert container.stop(1, Deadline(10)).seconds < 1
        container.remove()


def test_graders_that_are_killed_leave_nothing():
    audit = subprocess.run(
        [sys.executable, BENCHMARKS / "docker_kills.py", "--kills", "5", "--shared"],
        check=False,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert audit.stdout.rstrip().endswith("left after the next start: nothing"), audit
