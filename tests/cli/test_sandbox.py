from __future__ import annotations

import json

import command_line
import pytest
import sandboxes

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
        with: {path: greet.py, cases: [{arguments: [Ada], stdout: {exact: "Hello, Ada!"}}]}
"""


@pytest.fixture
def grade(tmp_path):
    rubric = command_line.write_rubric(tmp_path, RUBRIC, "programs.yaml")
    work = command_line.write_submission(tmp_path, greet__py="import sys\nprint(f'Hello, {sys.argv[1]}!')\n")

    def run(*more, **variables):
        return command_line.run("grade", work, "--rubric", rubric, *more, folder=tmp_path, **variables)

    return run


def test_learner_code_runs_in_the_sandbox_that_auto_finds(grade):
    sandboxes.require_bubblewrap()
    ended = grade()
    assert ended.code == 0, ended.err
    assert "Passed: 10 of 10" in ended.out
    assert "Claimed" not in ended.out


@pytest.mark.parametrize("name", [*sandboxes.WALLS, "host"])
def test_the_record_says_where_learner_code_ran(grade, name):
    if name != "host":
        sandboxes.require(name)
    ended = grade("--sandbox", name, "--report", "json", **sandboxes.daemon())
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["environment"]["sandbox"] == name


def test_the_record_says_nothing_of_a_sandbox_that_there_was_not(grade):
    assert "sandbox" not in json.loads(grade("--sandbox", "none", "--report", "json").out)["environment"]


def test_without_a_sandbox_the_points_stay_open(grade):
    ended = grade("--sandbox", "none")
    assert ended.code == 3, ended.err
    assert "No learner code is run here" in ended.out


def test_what_the_host_finds_is_a_claim(grade):
    ended = grade("--sandbox", "host")
    assert ended.code == 0, ended.err
    assert "Claimed" in ended.out


def test_a_sandbox_that_there_is_not_is_refused(grade):
    ended = grade("--sandbox", "chroot")
    assert ended.code == 2
    assert ended.out == ""
    assert "no sandbox chroot" in ended.err
    assert "auto, bubblewrap, docker, host, none" in ended.err


def test_doctor_measures_what_a_start_costs(tmp_path):
    sandboxes.require_bubblewrap()
    ended = command_line.run("doctor", folder=tmp_path, **sandboxes.daemon())
    chosen = "bubblewrap" if sandboxes.docker_problem() else "docker"
    assert f"--sandbox auto is {chosen}" in ended.out
    assert "bubblewrap   ready" in ended.out
    assert "ready, a start costs" in ended.out
    assert "does not fully hold network" in ended.out, "said of the host"
