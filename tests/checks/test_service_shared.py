"""A service that several checks ask: one after another, and started again where one of them ended it."""

from __future__ import annotations

import socket
import textwrap

import pytest
import sandboxes

import infra_grader
from infra_grader.api import GradeOptions
from infra_grader.testing import run_check

SERVICE = """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    count = 0

    def do_GET(self):
        if self.path == "/crash":
            print("as asked", flush=True)
            os._exit(5)
        Handler.count += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"answer {Handler.count}".encode())

ThreadingHTTPServer(("127.0.0.1", 5000), Handler).serve_forever()
"""
RUBRIC = """
schema: infra-grader/rubric/v1
id: service
version: 1
title: A service
track: junior
points: 100
pass_mark: 50
criteria:
  - id: all
    title: All
    points: 100
    checks:
      - {id: start, title: It starts, uses: service.start, with: {ready: [/ready]}}
      - id: crash
        title: It crashes
        uses: http.request
        with: {service: start, requests: [{path: /crash}, {path: /next}]}
      - id: one
        title: One
        uses: http.request
        with: {service: start, requests: [{path: /, expect: {contains: [answer]}}]}
      - id: two
        title: Two
        uses: http.request
        with: {service: start, requests: [{path: /, expect: {contains: [answer]}}]}
        allow_starter: true
      - id: fresh
        title: Fresh
        uses: http.request
        with: {service: start, fresh: true, requests: [{path: /, expect: {contains: [answer 2]}}]}
"""


@pytest.mark.parametrize("sandbox", ["bubblewrap", "docker", "host"])
def test_a_check_that_ends_the_service_costs_no_other(sandbox, tmp_path):
    if sandbox != "host":
        sandboxes.require(sandbox)
    folder = tmp_path / "submission"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listener:  # on the host, other tests may have the usual one
        port = str(listener.getsockname()[1])
    (folder / "app.py").write_text(SERVICE.replace("5000", port))
    (tmp_path / "rubric.yaml").write_text(RUBRIC.replace("{ready: [/ready]}", f"{{ready: [/ready], ports: [{port}]}}"))
    options = GradeOptions(needs_commit=False, sandbox=sandbox)
    card = infra_grader.grade(folder, str(tmp_path / "rubric.yaml"), options=options)
    outcomes = {check.id: check for check in card.criteria[0].checks}
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "start": "passed",
        "crash": "failed",
        "one": "passed",
        "two": "passed",
        "fresh": "passed",  # the first answer went to the question whether it was ready
    }
    assert "the service has ended: exit status 5" in outcomes["crash"].message
    assert any("as asked" in (piece.text or "") for piece in outcomes["crash"].evidence)
    assert {outcome.claimed for outcome in outcomes.values()} == {sandbox == "host"}


def test_a_port_that_is_taken_on_this_machine_is_no_fault_of_the_learner(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        (tmp_path / "app.py").write_text(textwrap.dedent(SERVICE).replace("5000", str(port)))
        outcome = run_check("service.start", {"ports": [port], "seconds": 5}, tmp_path, sandbox="host")
    assert outcome.status == "not_assessed"
    assert outcome.message == f"Port {port} is taken by another program of this machine."


def test_stand_ins_come_before_the_packages(tmp_path):
    sandboxes.require("bubblewrap")
    folder = tmp_path / "submission"
    folder.mkdir()
    (tmp_path / "stand_ins" / "torch").mkdir(parents=True)
    (tmp_path / "stand_ins" / "torch" / "__init__.py").write_text("NAME = 'a stand-in'\n")
    (folder / "app.py").write_text("import torch\n" + SERVICE.replace('f"answer {Handler.count}"', "torch.NAME"))
    outcome = run_check(
        "http.request",
        {"service": "start", "requests": [{"path": "/", "expect": {"contains": ["a stand-in"]}}]},
        folder,
        rubric_folder=tmp_path,
        sandbox="bubblewrap",
        before={"start": {"uses": "service.start", "with": {"stand_ins": "stand_ins"}}},
    )
    assert outcome.status == "passed", outcome
