"""A grading with a real daemon, recorded, and its replay without any: sound work, and work with a flaw in each row."""

from __future__ import annotations

import containers
import pytest
from containers import CHECKED, CMD, HEALTH, SERVER, SOUND
from records import go_elsewhere, told

from infra_grader.api import GradeOptions, grade

RUBRIC = """\
schema: infra-grader/rubric/v1
id: replayed
version: 1
title: A service in a container
points: 80
pass_mark: 40
criteria:
  - id: live
    title: Live
    points: 80
    checks:
      - {id: build, title: It builds, uses: docker.build}
      - id: image
        title: The image is sound
        uses: docker.image
        with: {image: build, max_mb: 900, user: non-root, healthcheck: true, no_secrets: true, absent: [.env]}
      - {id: api, title: It starts, uses: docker.run, with: {image: build, stays_s: 0, seconds: 20}}
      - {id: processes, title: Nobody is root, uses: docker.processes, with: {container: api}}
      - {id: logs, title: It logs, uses: docker.logs, with: {container: api, requests: [/health], json_share: 0.9}}
      - {id: facts, title: It is limited, uses: docker.inspect, with: {container: api, running: true, not_root: true}}
      - {id: port, title: It answers, uses: docker.http, with: {container: api, paths: [/no, /], contains: [service]}}
      - id: answers
        title: It answers as asked
        uses: http.request
        with:
          service: api
          requests:
            - {title: health, path: [/healthz, /health], expect: {fields: {status: {equals: ok}}}}
            - {title: none, path: /none, expect: {status: 404}}
"""
SOUND_WORK = SOUND + "USER 1000\n" + CHECKED + CMD
FLAWED_WORK = (
    SOUND
    + "ENV DB_PASSWORD=hunter2hunter\nRUN echo A=1 > /app/.env\n"
    + 'CMD ["sh", "-c", "python3 /app/server.py; true"]\n'
)


@pytest.fixture(autouse=True)
def _docker():
    containers.require()


@pytest.mark.parametrize(
    ("dockerfile", "lost"),
    [(SOUND_WORK, set()), (FLAWED_WORK, {"image", "processes", "facts"})],
    ids=["sound", "flawed"],
)
def test_a_replay_without_a_daemon_is_the_same(tmp_path, monkeypatch, dockerfile, lost):
    work, rubric, record = tmp_path / "ada", tmp_path / "rubric.yaml", tmp_path / "record"
    work.mkdir()
    for name, text in {"Dockerfile": dockerfile, "server.py": SERVER, "health.py": HEALTH}.items():
        (work / name).write_text(text)
    rubric.write_text(RUBRIC)
    then = grade(work, rubric, options=GradeOptions(record=record, live="docker"))
    assert {check.id for check in then.all_checks() if check.is_lost} == lost
    assert not any(check.status.is_open for check in then.all_checks()), then
    go_elsewhere(monkeypatch, tmp_path)

    assert told(grade(work, rubric, options=GradeOptions(replay=record))) == told(then)
    assert not any("hunter2hunter" in file.read_text() for file in record.rglob("*.json"))

    # Every kind that observes judges anew what a rubric expects by now.
    changed = {
        "max_mb: 900": "max_mb: 1",
        "docker.processes, with: {container: api": "docker.processes, with: {root: true, container: api",
        "json_share: 0.9": "lines: 900",
        "running: true, not_root: true": "restart: [always]",
        "contains: [service]": "contains: [another]",
        "equals: ok": "equals: fine",
    }
    text = RUBRIC
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new)
    rubric.write_text(text)
    again = {check.id: check for check in grade(work, rubric, options=GradeOptions(replay=record)).all_checks()}
    assert not any(check.status.is_open for check in again.values()), again
    assert {name for name, check in again.items() if check.is_lost} >= {"image", "logs", "facts", "port", "answers"}
    assert (again["processes"].status == "passed") == (not lost)  # process 1 is a shell where it is flawed
