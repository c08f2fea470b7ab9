"""Whole gradings of submissions that write into reports, and into what other checks look at."""

from __future__ import annotations

import json
import re

import command_line
import pytest
import sandboxes

RUBRIC = """\
schema: infra-grader/rubric/v1
id: whole
version: 1
title: A whole grading
points: 10
pass_mark: 10
criteria:
  - id: all
    title: Everything
    points: 10
    checks:
      - id: prints
        title: It adds
        uses: command.run
        with: {path: total.py, cases: [{stdin: "1 2", stdout: {exact: "3"}}]}
      - id: calls
        title: It doubles
        uses: call.function
        with: {path: total.py, function: double, reference: double.py, arguments: [{integer: [1, 9]}], reveal: true}
      - {id: json, title: Settings are JSON, uses: file.json, with: {path: "*.json", keys: [b]}}
      - {id: lint, title: No faults, uses: python.lint, with: {paths: ["."]}}
      - {id: readme, title: A README, uses: file.exists, with: {paths: [README.md]}, needs: []}
      - {id: words, title: It says something, uses: markdown.words, with: {path: NOTES.md, min: 2}}
"""
HOSTILE = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>\u202e@all ![x](http://evil.example/x.png)`\x00\ud800]]>&"
TOTAL = f"""\
import os

for name in ("README.md", "NOTES.md", "../README.md", "/tmp/README.md"):
    try:
        open(name, "w").write("A README with many good words. " * 50)
    except OSError:
        pass
print({HOSTILE!r}.encode("utf-8", "replace").decode())


class Odd(Exception):
    def __str__(self):
        return {HOSTILE!r}


Odd.__name__ = {HOSTILE.replace(chr(0), "").replace(chr(0xD800), "")!r}


def double(value):
    raise Odd
"""
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
FORMATS = ("terminal", "json", "junit", "markdown", "html", "gradescope")


@pytest.fixture
def grade(tmp_path):
    sandboxes.require_bubblewrap()
    rubric = command_line.write_rubric(tmp_path, RUBRIC)
    rubric.with_name("double.py").write_text("def double(value):\n    return 2 * value\n")

    def grade(work, report="json"):
        return command_line.run(
            "grade", work, "--rubric", rubric, "--sandbox", "bubblewrap", "--report", report, folder=tmp_path
        )

    return grade


@pytest.fixture
def hostile(tmp_path):
    work = command_line.write_submission(tmp_path, total__py=TOTAL)
    name = HOSTILE.replace("\x00", "").replace("/", "").replace("\ud800", "")[:200]
    (work / f"{name}.json").write_text('{"a": ' + json.dumps(HOSTILE))
    (work / f"{name}.py").write_text(f"import os  # {name}\n")
    return work


@pytest.mark.parametrize("report", FORMATS)
def test_nothing_of_a_learner_acts_in_a_report(grade, hostile, report):
    ended = grade(hostile, report)
    assert ended.code == 1, ended.err
    assert "owned" in ended.out
    assert not ACTS.search(ended.out), ACTS.search(ended.out)
    assert "Traceback" not in ended.err
    if report in ("html", "junit"):
        assert "<script>alert" not in ended.out
        assert "<img" not in ended.out
    if report in ("json", "gradescope"):
        json.loads(ended.out)


def test_files_that_code_writes_are_not_looked_at(grade, hostile):
    checks = {check["id"]: check for check in json.loads(grade(hostile).out)["criteria"][0]["checks"]}
    assert {checks[name]["status"] for name in ("prints", "calls", "readme", "words")} == {"failed"}
    assert not (hostile / "README.md").exists()


def test_the_next_submission_gets_what_it_would_get(grade, hostile, tmp_path):
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "total.py").write_text("print(sum(map(int, input().split())))\n")
    before = json.loads(grade(tmp_path / "bob").out)["score"]
    grade(hostile)
    assert json.loads(grade(tmp_path / "bob").out)["score"] == before
