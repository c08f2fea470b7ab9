"""Services of a project as other kinds take them: asked, looked into, stopped, and found again after down and up."""

from __future__ import annotations

import shutil
from pathlib import Path

import containers
import pytest

from infra_grader.testing import run_check

PROJECT = Path(__file__).parent / "keeps" / "pass" / "in-a-named-volume" / "workspace"
UP = {"up": {"uses": "compose.up", "with": {"seconds": 60, "stays_s": 0}}}
WEB = {"web": {"uses": "compose.running", "with": {"project": "up", "service": ["web"]}}}
STORE = {"store": {"uses": "compose.running", "with": {"project": "up", "service": ["store"], "published": False}}}
PUT = "import urllib.request as u; u.urlopen(u.Request('http://localhost:8000/', b'${value}', method='PUT'))"
GET = "import urllib.request as u; print(u.urlopen('http://localhost:8000/').read())"
KEEPS = {
    "project": "up",
    "write": {"service": ["store"], "command": ["python", "-c", PUT]},
    "read": {"service": ["store"], "command": ["python", "-c", GET]},
}
ASK = [{"path": "/", "expect": {"status": 200}}]


@pytest.fixture
def folder(tmp_path):
    """The project whose store keeps a text in a named volume."""
    containers.require()
    return shutil.copytree(PROJECT, tmp_path / "submission")


def ask(kind, parameters, folder, before):
    """Return the outcome of a check on services that run."""
    return run_check(kind, parameters, folder, live="docker", timeout=100, before=before)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("http.request", {"service": "web", "requests": ASK}),
        ("docker.exec", {"container": "web", "cases": [{"command": ["echo", "x"], "stdout": {"contains": ["x"]}}]}),
        ("docker.processes", {"container": "web"}),
        ("compose.reaches", {"project": "up", "asker": ["web"], "asked": ["store"], "path": "/"}),
    ],
)
def test_other_kinds_take_a_service_of_a_project(kind, parameters, folder):
    outcome = ask(kind, parameters, folder, {**UP, **WEB})
    assert outcome.status == ("partial" if kind == "docker.processes" else "passed"), outcome


def test_a_service_that_is_not_published_is_asked_all_the_same(folder):
    outcome = ask("http.request", {"service": "store", "requests": ASK}, folder, {**UP, **STORE})
    assert outcome.status == "passed", outcome


def test_a_service_is_found_again_after_down_and_up(folder):
    before = {**UP, **WEB, "keeps": {"uses": "compose.keeps", "with": KEEPS}}
    outcome = ask("http.request", {"service": "web", "requests": ASK}, folder, before)
    assert outcome.status == "passed", outcome


def test_a_service_that_was_stopped_is_started_again_for_the_next_check(folder):
    before = {**UP, **WEB, "stop": {"uses": "docker.stop", "with": {"container": "web"}}}
    outcome = ask("http.request", {"service": "web", "requests": ASK}, folder, before)
    assert outcome.status == "passed", outcome


def test_a_project_that_is_not_there_is_the_author_s_fault(folder):
    before = {"web": {"uses": "compose.up", "with": {"seconds": 60, "stays_s": 0}}}
    outcome = ask("http.request", {"service": "web", "requests": ASK}, folder, before)
    assert outcome.status == "not_assessed", outcome


IMPOSTORS = """
services:
  web:
    image: python:3.11-slim
    init: true
    command: [python, -m, http.server, "8000"]
    extra_hosts: ["here:127.0.0.1"]
  store: {image: "python:3.11-slim", init: true, command: [sleep, "600"], expose: ["8000"]}
  here: {image: "python:3.11-slim", init: true, command: [sleep, "600"], expose: ["8000"]}
  other:
    image: python:3.11-slim
    init: true
    command: [python, -m, http.server, "8000"]
    networks: {default: {aliases: [store]}}
"""


@pytest.mark.parametrize(("asked", "said"), [("store", "other answers under its"), ("here", "web answers under its")])
def test_whoever_answers_under_the_name_of_another_is_told(asked, said, tmp_path):
    containers.require()
    (tmp_path / "compose.yaml").write_text(IMPOSTORS, "utf-8")
    parameters = {"project": "up", "asker": ["web"], "asked": [asked], "seconds": 4}
    outcome = ask("compose.reaches", parameters, tmp_path, UP)
    assert outcome.status == "failed", outcome
    assert said in outcome.message
