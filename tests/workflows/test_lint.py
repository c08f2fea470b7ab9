"""Our workflows, and those that the documentation hands out: clean to linters, and as the documents say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import acting
import pytest
import tools
import yaml

ROOT = acting.ROOT
WORKFLOWS = sorted([*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("docs/templates/*.yml")])
FORMS = sorted(file for file in ROOT.glob(".github/ISSUE_TEMPLATE/*.yml") if file.name != "config.yml")
PROGRAMS = Path(sys.executable).parent
USES = re.compile(r"^\s*(?:- )?uses: (\S+)(.*)$", re.MULTILINE)
PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40}")
BAD = """\
name: Bad
on: {pull_request_target: }
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {ref: "${{ github.event.pull_request.head.sha }}"}
      - run: echo "${{ github.event.pull_request.title }}" $unquoted
"""


def run(*command: object) -> tuple[int, str]:
    """Run a program with ours on the path, and return its exit code and what it said."""
    tools.put_on_path()
    name = str(command[0])
    place = shutil.which(name, path=f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")
    if place is None:
        missing = f"{name} is not installed. tests/tools/install and `make .venv/.dev` install what the tests need"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    ended = subprocess.run(
        [place, *map(str, command[1:])],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_actionlint_finds_nothing():
    code, said = run("actionlint", *WORKFLOWS)
    assert code == 0, said


def test_zizmor_finds_nothing():
    # Offline: what it would ask GitHub, such as whether a commit belongs to an action, is not asked here.
    code, said = run("zizmor", "--offline", "--no-progress", "action.yml", ".github", "docs/templates")
    assert code == 0, said


def test_the_linters_see_a_bad_workflow(tmp_path):
    bad = tmp_path / ".github" / "workflows" / "bad.yml"
    bad.parent.mkdir(parents=True)
    bad.write_text(BAD, encoding="utf-8")
    code, said = run("actionlint", bad)
    assert code == 1
    assert "pull_request.title" in said
    assert "SC2086" in said  # shellcheck is asked too
    code, said = run("zizmor", "--offline", "--no-progress", bad)
    assert code != 0
    for audit in ("template-injection", "dangerous-triggers", "unpinned-uses", "artipacked", "excessive-permissions"):
        assert audit in said


def test_the_program_that_finds_python_is_clean():
    code, said = run("shellcheck", ROOT / "action" / "find-python")
    assert code == 0, said


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-actions", [ROOT / "action.yml", *ROOT.glob("tests/workflows/stand-ins/*/action.yml")]),
        ("github-workflows", WORKFLOWS),
        ("github-issue-forms", FORMS),
        ("github-issue-config", [ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml"]),
        ("dependabot", [ROOT / ".github" / "dependabot.yml"]),
    ],
)
def test_what_github_reads_is_as_its_schema_says(schema, files):
    assert files
    code, said = run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)
    assert code == 0, said


def test_actions_are_pinned_by_commit_and_one_commit_each():
    pins: dict[str, set[str]] = {}
    for file in [ROOT / "action.yml", *WORKFLOWS]:
        for uses, rest in USES.findall(file.read_text(encoding="utf-8")):
            if uses == "./":  # the action of this commit, which is what that workflow tries
                continue
            assert PINNED.fullmatch(uses), f"{file.name}: {uses}"
            assert re.fullmatch(r"  # v\d+(\.\d+){2}", rest), f"{file.name}: {uses} does not name its version"
            name, _, commit = uses.partition("@")
            pins.setdefault(name, set()).add(commit)
    assert len(pins) >= 8
    assert {name: commits for name, commits in pins.items() if len(commits) > 1} == {}


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_has_no_rights_but_those_that_a_job_asks_for(file):
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert isinstance(job["permissions"], dict), name
        assert "uses" in job or job["timeout-minutes"] <= 90
    assert not {"pull_request_target", "workflow_run"} & set(workflow[True])  # YAML 1.1 reads `on` as true


@pytest.mark.parametrize("file", [ROOT / "action.yml", *WORKFLOWS], ids=lambda file: file.name)
def test_nothing_is_put_into_a_line_for_the_shell(file):
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    jobs = [found["runs"]] if "runs" in found else found["jobs"].values()
    lines = [step["run"] for job in jobs for step in job.get("steps", ()) if "run" in step]
    assert [line for line in lines if "${{" in line] == []


def test_a_learner_s_code_runs_in_no_job_that_may_sign_or_write():
    for file in WORKFLOWS:
        for name, job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].items():
            grades = any(
                "infra-grader@" in step.get("uses", "") or step.get("uses") == "./" for step in job.get("steps", ())
            )
            assert not grades or job["permissions"] == {"contents": "read"}, f"{file.name}: {name}"


def test_a_grader_whose_marks_are_signed_comes_from_no_cache():
    attested = yaml.safe_load((ROOT / ".github" / "workflows" / "grade-attested.yml").read_text(encoding="utf-8"))
    called = yaml.safe_load((ROOT / ".github" / "workflows" / "grade.yml").read_text(encoding="utf-8"))
    assert attested["jobs"]["grade"]["with"]["cache"] is False
    assert called[True]["workflow_call"]["inputs"]["cache"]["default"] is False
