"""Compose projects on a real daemon: what comes up, what only seems to, and that nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import containers
import pytest

from infra_grader.capabilities import docker as daemons
from infra_grader.capabilities.live_docker import LIVE, open_live_docker
from infra_grader.testing import run_check

IMAGE = "    image: python:3.11-slim\n    init: true\n"
OTHERS_S = 120
WEB = f"services:\n  web:\n{IMAGE}    command: [python, -m, http.server, '80']\n"
GRADER = """
import sys
from pathlib import Path
from infra_grader.testing import run_check
print(run_check("compose.up", {"seconds": 60, "stays_s": 60}, Path(sys.argv[1]), live="docker").status)
"""


@pytest.fixture(autouse=True)
def _docker():
    containers.require()


def up(folder, text, timeout=60.0, **parameters):
    """Return the outcome of starting a project."""
    (folder / "compose.yaml").write_text(text, encoding="utf-8")
    with_ = {"seconds": 20, "stays_s": 0, **parameters}
    return run_check("compose.up", with_, folder, live="docker", timeout=timeout)


def things():
    """Return all containers, networks and volumes of live checks, and volumes without a name of ours."""
    with closing(daemons.connect()) as api:
        label = {"label": f"{daemons.LABEL}={LIVE}"}
        found = [each["Id"] for each in api.containers(all=True, filters=label)]
        found += [each["Name"] for each in api.networks(filters=label)]
        return {*found, *(each["Name"] for each in api.volumes()["Volumes"] or ())}


def left_since(before):
    """Return what was not there before and stays; other workers' graders use the daemon as well, and remove theirs."""
    left = things() - before
    until = time.monotonic() + OTHERS_S
    while left and time.monotonic() < until:
        time.sleep(1)
        left &= things()
    return left


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("command: [python, -c, 'raise SystemExit(3)']", "it has ended: exit status 3"),
        ("command: ['true']", "it has ended"),
        ("command: [no-such-program]", "no-such-program"),
        ("command: [sleep, '60']\n    post_start: [{command: ['false']}]", "post_start ended with exit status 1"),
        ("command: [python, -m, http.server, '81']\n    ports: ['80:80']", "nothing listens on port 80 inside"),
        ("command: [sleep, '60']\n    healthcheck: {test: [CMD, sleep, '1000'], timeout: 1s}", "has not succeeded yet"),
        (
            "command: [sh, -c, 'yes $$(printf \\\\351)']\n    healthcheck: {test: [CMD, 'false']}",
            "has not succeeded yet",
        ),
        ("command: [python, -c, 'bytearray(400 << 20)']\n    mem_limit: 64m", "out of memory"),
        ("command: [sleep, '60']\n    stop_signal: SIGNONSENSE", "nonsense"),
    ],
)
def test_what_is_not_up_says_why(service, said, tmp_path):
    outcome = up(tmp_path, f"services:\n  a.b-c_d:\n{IMAGE}    {service}\n", seconds=6, stays_s=2)
    assert outcome.status == "failed", outcome
    shown = f"{outcome.message} {[(piece.actual, piece.text) for piece in outcome.evidence]}".lower()
    assert said.lower() in shown, outcome
    assert outcome.evidence[0].line == 2


def test_a_service_that_races_is_down_while_the_others_are_up(tmp_path):
    text = f"""\
services:
  db:
{IMAGE}    command: [sh, -c, 'sleep 2; exec python -m http.server 5432']
    healthcheck: {{test: [CMD, python, -c, "import socket; socket.create_connection(('localhost', 5432))"]}}
  api:
{IMAGE}    command: [sh, -c, "python -c \\"import socket; socket.create_connection(('db', 5432), 1)\\" && sleep 60"]
    depends_on: [db]
"""
    outcome = up(tmp_path, text, stays_s=1)
    assert (outcome.status, str(outcome.fraction)) == ("partial", "1/2"), outcome
    assert "api" in outcome.message
    assert any("before db was healthy" in str(piece.actual) for piece in outcome.evidence), outcome.evidence
    hidden = up(tmp_path, text + "    restart: on-failure\n")
    assert "started again" in hidden.message, hidden
    assert up(tmp_path, text + "    restart: on-failure\n", restarts=50, stays_s=1).status == "passed"
    waits = text.replace("depends_on: [db]", "depends_on: {db: {condition: service_healthy}}")
    assert up(tmp_path, waits, in_order=True).status == "passed"


def test_two_services_at_one_port_of_the_host_cannot_both_be_up(tmp_path):
    other = f"  other:\n{IMAGE}    command: [python, -m, http.server, '81']\n    ports: ['8080:81']\n"
    outcome = up(tmp_path, WEB + "    ports: ['8080:80']\n" + other)
    assert outcome.status == "partial"
    assert "web: it publishes port 8080 of the host, which other has" in outcome.message


def test_a_dependency_that_never_is_healthy_holds_the_other_back(tmp_path):
    health = "    healthcheck: {test: [CMD, 'false'], interval: 1s, retries: 1}\n"
    db = f"  db:\n{IMAGE}    command: [sleep, '60']\n{health}"
    outcome = up(tmp_path, f"{WEB}    depends_on: {{db: {{condition: service_healthy}}}}\n{db}", seconds=8)
    assert outcome.status == "failed", outcome
    assert "0 of 2" in outcome.message


def test_a_registry_that_does_not_answer_leaves_it_open(tmp_path):
    outcome = up(tmp_path, "services: {web: {image: '127.0.0.1:9/nobody/there:1'}}\n")
    assert outcome.status == "not_assessed", outcome
    assert "127.0.0.1:9" in outcome.message


def test_an_image_may_stand_in_for_another(tmp_path):
    text = WEB.replace("python:3.11-slim", "docker.elastic.co/elasticsearch/elasticsearch:8.11.1")
    outcome = up(tmp_path, text, images={"docker.elastic.co/elasticsearch/*": "python:3.11-slim"})
    assert outcome.status == "passed", outcome
    assert any("stands in for" in str(piece.actual) for piece in outcome.evidence)


def test_a_starter_that_nobody_changed_is_no_work(tmp_path):
    folder, starter = tmp_path / "work", tmp_path / "starter"
    for each in (folder, starter):
        each.mkdir()
        (each / "compose.yaml").write_text(WEB, encoding="utf-8")
    outcome = run_check("compose.up", {}, folder, starter=starter, live="docker")
    assert outcome.status == "failed"
    assert "missing" in outcome.message


def test_without_compose_it_is_open(tmp_path, monkeypatch):
    from infra_grader.capabilities import compose_command

    monkeypatch.setattr(compose_command, "_candidates", lambda: iter(()))
    outcome = up(tmp_path, WEB)
    assert outcome.status == "not_assessed"
    assert outcome.remedy.startswith("Install the compose plugin")


def test_a_daemon_on_another_machine_sees_none_of_our_files(tmp_path, monkeypatch):
    from infra_grader.reading import compose_live

    monkeypatch.setattr(compose_live, "address", lambda: "tcp://192.0.2.1:2376")
    outcome = up(tmp_path, WEB)
    assert outcome.status == "not_assessed"
    assert "another machine" in outcome.message


def test_the_check_s_own_time_is_not_the_submission_s(tmp_path):
    before = things()
    text = WEB + "    healthcheck: {test: [CMD, 'false']}\n"
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    outcome = run_check("compose.up", {"seconds": 500}, tmp_path, live="docker", timeout=8)
    assert "Stopped after 8 s" in outcome.message, outcome
    assert left_since(before) == set()


def test_nothing_is_left_afterwards(tmp_path):
    before = things()
    text = WEB + "    volumes: ['texts:/a', '/without-a-name', './made:/made']\nvolumes: {texts: {name: theirs}}\n"
    assert up(tmp_path, text).status == "passed"
    assert left_since(before) == set()
    assert not (tmp_path / "made").exists(), "the submission itself is not touched"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_a_grader_leaves_that_was_ended_is_removed(number, tmp_path):
    before = things()
    (tmp_path / "compose.yaml").write_text(
        WEB + "    volumes: ['texts:/a', '/b']\nvolumes: {texts: {}}\n", encoding="utf-8"
    )
    process = subprocess.Popen([sys.executable, "-c", GRADER, str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while len(things() - before) < 4 and time.monotonic() < until:
            time.sleep(0.1)
        assert len(things() - before) >= 4
        os.kill(process.pid, number)
        process.wait(60)
    finally:
        process.kill()
        process.wait()
    open_live_docker().close()
    assert left_since(before) == set()
