"""The daemon that live checks are tested on does what theirs does, and leaves nothing on the machine."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

START_S = 30
DAEMON = Path(__file__).with_name("daemon")
SERVER = ("python", "-m", "http.server", "8000")
ASK = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).status)"
COMPOSE = """
services:
  web:
    build: .
    command: python -m http.server 8000
    ports: ["127.0.0.1::8000"]
    healthcheck:
      test: [CMD, python, -c, "import urllib.request as u; u.urlopen('http://localhost:8000')"]
      interval: 1s
    depends_on: {store: {condition: service_healthy}}
  store:
    image: redis:7
    healthcheck: {test: [CMD, redis-cli, ping], interval: 1s}
"""


def run(*command: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """Run a command and return what it prints; fail the test with all of it if it fails."""
    done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        pytest.fail(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def fetch(address: str) -> int:
    """Return the status with which a service answers, which it may take some seconds to do."""
    end = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(f"http://{address}") as answer:
                return int(answer.status)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Return the folder of a daemon of this module's own."""
    missing = [name for name in ("dockerd", "docker-registry", "mmdebstrap") if not shutil.which(name)]
    if missing or os.geteuid():
        problem = f"{', '.join(missing) or 'root'} is missing"
        pytest.fail(problem) if os.environ.get("CI") else pytest.skip(problem)
    place = Path(tempfile.mkdtemp(prefix="infra-grader-docker-", dir="/tmp"))
    try:
        run(DAEMON, "start", place)
        run(DAEMON, "image", place, "3.11", "redis")
        yield place
    finally:
        run(DAEMON, "stop", place)


@pytest.fixture
def env(folder: Path) -> dict[str, str]:
    """Return the variables that `start` prints."""
    variables = {"DOCKER_HOST": f"unix://{folder}/docker.sock", "DOCKER_CONFIG": f"{folder}/client"}
    return {**os.environ, **variables, "PATH": f"{folder}/bin:{os.environ['PATH']}"}


@pytest.mark.parametrize("buildkit", ["0", "1"])
def test_a_build_installs_packages(env, tmp_path, buildkit):
    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.11-slim\nRUN pip install --no-cache-dir --prefix=/install six\n"
    )
    image = run("docker", "build", "--quiet", tmp_path, env={**env, "DOCKER_BUILDKIT": buildkit})
    assert "six.py" in run("docker", "run", "--rm", image, "ls", "/install/lib/python3.11/site-packages", env=env)


def test_a_published_port_answers_on_loopback(env):
    container = run("docker", "run", "--detach", "--publish", "127.0.0.1::8000", "python:3.11-slim", *SERVER, env=env)
    assert fetch(run("docker", "port", container, "8000/tcp", env=env)) == 200
    run("docker", "rm", "--force", container, env=env)


def test_containers_find_each_other_by_name_and_this_machine_finds_them(env):
    run("docker", "network", "create", "--internal", "inside", env=env)
    joined = ("--network", "inside", "python:3.11-slim")
    server = run("docker", "run", "--detach", "--name", "web", *joined, *SERVER, env=env)
    address = run("docker", "inspect", "--format", "{{.NetworkSettings.Networks.inside.IPAddress}}", server, env=env)
    assert fetch(f"{address}:8000") == 200
    assert run("docker", "run", "--rm", *joined, "python", "-c", ASK, "http://web:8000", env=env) == "200"
    run("docker", "rm", "--force", server, env=env)
    run("docker", "network", "rm", "inside", env=env)


def test_an_image_that_nobody_made_is_not_found_at_once(env):
    started = time.monotonic()
    pulled = subprocess.run(["docker", "pull", "nobody/made:1"], env=env, capture_output=True, text=True, check=False)
    assert "manifest for nobody/made:1 not found" in pulled.stderr
    assert time.monotonic() - started < 10


def test_too_much_memory_is_said_to_be_that(env):
    limits = ("--memory", "32m", "--memory-swap", "32m")
    greedy = run("docker", "create", *limits, "python:3.11-slim", "python", "-c", "bytearray(10**9)", env=env)
    subprocess.run(["docker", "start", "--attach", greedy], env=env, capture_output=True, check=False)
    assert (
        run("docker", "inspect", "--format", "{{.State.OOMKilled}} {{.State.ExitCode}}", greedy, env=env) == "true 137"
    )
    run("docker", "rm", greedy, env=env)


def test_compose_brings_services_up_in_order(folder, env, tmp_path):
    if not (folder / "client" / "cli-plugins" / "docker-compose").exists():
        problem = "tests/tools/install has not built docker-compose"
        pytest.fail(problem) if os.environ.get("CI") else pytest.skip(problem)
    (tmp_path / "Dockerfile").write_text("FROM python:3.11-slim\nRUN pip install --no-cache-dir six\n")
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    run("docker", "compose", "up", "--build", "--wait", env=env, cwd=tmp_path)
    assert fetch(run("docker", "compose", "port", "web", "8000", env=env, cwd=tmp_path)) == 200
    run("docker", "compose", "down", "--volumes", env=env, cwd=tmp_path)


def test_containers_get_more_time_than_one_process(folder):
    groups = f"infra-grader-{folder.name}"
    places = [Path(f"/sys/fs/cgroup/cpu/{groups}/cpu.shares"), Path(f"/sys/fs/cgroup/{groups}/cpu.weight")]
    (weight,) = [place.read_text().strip() for place in places if place.exists()]
    assert weight in ("4096", "400")


def test_nothing_is_left_of_a_daemon_that_was_killed(folder, env):
    """The last one here, as the daemon does not outlive it."""
    run("docker", "run", "--detach", "--publish", "8000", "--restart", "always", "python:3.11-slim", *SERVER, env=env)
    network = (folder / "network").read_text().strip()
    os.kill(int((folder / "docker.pid").read_text()), signal.SIGKILL)
    run(DAEMON, "stop", folder)
    assert not folder.exists()
    assert f"igd-{network}" not in run("ip", "link") + run("iptables-save")
    assert f"infra-grader-{network}" not in run("ip", "netns")
    assert str(folder) not in Path("/proc/mounts").read_text()
    assert not re.search(re.escape(str(folder)), run("ps", "-eo", "args"))
    assert not list(Path("/sys/fs/cgroup").rglob(f"*{folder.name}*"))
