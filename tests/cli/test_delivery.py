import json
import os
import re
from types import SimpleNamespace

import pytest
from command_line import SIMPLE, run, write_rubric, write_submission

from infra_grader.cli.delivery import folder_in_repository

ATTACK = "::error::forged\n##[add-mask]0\n::stop-commands::x\n"
PLUGIN = """
from infra_grader.plugin import Context, Evidence, Outcome, Params, RelativePath, check


class Says(Params):
    path: RelativePath


@check("course.says")
def says(context: Context, params: Says) -> Outcome:
    \"\"\"Shows what a file says.\"\"\"
    text = context.workspace.read_text(params.path)
    return Outcome.failed(text, Evidence(path=params.path, line=1, actual=text, text=text))
"""


@pytest.fixture
def workflow(tmp_path):
    """What a step of a workflow has: a repository with the work in a folder, and the runner's files."""
    rubric = write_rubric(tmp_path)
    work = write_submission(tmp_path, README__md="Hello\n")
    (tmp_path / ".git").mkdir()
    files = {name: tmp_path / name for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    for file in files.values():
        file.touch()
    variables = {"GITHUB_ACTIONS": "true"} | {name: str(file) for name, file in files.items()}
    return SimpleNamespace(
        folder=tmp_path,
        work=work,
        rubric=rubric,
        variables=variables,
        summary=files["GITHUB_STEP_SUMMARY"],
        output=files["GITHUB_OUTPUT"],
    )


def outputs(file):
    """Return the outputs in a file of marked values."""
    found = re.findall(r"^(\w+)<<(infra-grader-[0-9a-f]{32})\n(.*)\n\2$", file.read_text(), re.MULTILINE)
    assert len({mark for _, mark, _ in found}) == 1
    return {name: value for name, _, value in found}


def test_a_step_shows_annotations_and_hands_on_summary_and_outputs(workflow):
    ended = run(
        "grade", "ada", "--rubric", workflow.rubric, "--report", "github", folder=workflow.folder, **workflow.variables
    )

    assert (ended.code, ended.err) == (0, "")
    score, lost = ended.out.splitlines()
    assert score == "::notice title=A simple rubric%3A passed::6 of 10%0AThe pass mark is 6 points."
    assert lost.startswith("::error file=ada/notes.md,title=4 points%3A Notes are there::notes.md is missing.%0Afound ")
    assert outputs(workflow.output) == {"score": "6", "possible": "6", "percent": "60", "grade": "", "passed": "true"}
    assert workflow.summary.read_text().startswith("## ✅ A simple rubric: passed\n\n**6 of 10**\n")


def test_what_earlier_steps_have_written_stays_and_no_line_runs_on(workflow):
    workflow.output.write_text("earlier=1")
    workflow.summary.write_text("# Earlier\n")
    for _ in range(2):
        run(
            *("grade", "ada", "--rubric", workflow.rubric, "--report", "github", "--report", "github=a.txt"),
            folder=workflow.folder,
            **workflow.variables,
        )

    assert workflow.output.read_text().startswith("earlier=1\nscore<<infra-grader-")
    assert workflow.output.read_text().count("score<<") == 2
    assert workflow.summary.read_text().startswith("# Earlier\n## ✅ A simple rubric: passed\n")
    assert (workflow.folder / "a.txt").read_text().startswith("::notice title=A simple rubric%3A passed::")


def test_outside_of_a_workflow_only_the_annotations_are_shown(workflow):
    ended = run("grade", "ada", "--rubric", workflow.rubric, "--report", "github", folder=workflow.folder)

    assert ended.out.startswith("::notice ")
    assert ended.err == (
        "github report: only its standard output; no workflow has set GITHUB_STEP_SUMMARY or GITHUB_OUTPUT here\n"
    )
    assert workflow.summary.read_text() == workflow.output.read_text() == ""


def test_a_file_of_the_runner_that_cannot_be_written_is_said(workflow):
    broken = workflow.variables | {"GITHUB_OUTPUT": str(workflow.folder)}
    ended = run("grade", "ada", "--rubric", workflow.rubric, "--report", "github", folder=workflow.folder, **broken)

    assert ended.code == 4
    assert f"{workflow.folder} could not be written: Is a directory" in ended.err
    assert "Traceback" not in ended.err


def hostile(workflow):
    (workflow.folder / "course.py").write_text(PLUGIN)
    (workflow.work / "notes.md").write_text(ATTACK)
    rubric = write_rubric(
        workflow.folder,
        SIMPLE.replace("uses: file.exists, with: {paths: [notes.md]}", "uses: course.says, with: {path: notes.md}"),
        "hostile.yaml",
    )
    return ("grade", "ada", "--rubric", rubric, "--plugin", "course.py")


def test_no_report_for_people_gives_a_command_in_a_workflow(workflow):
    ended = run(
        *hostile(workflow),
        *("--report", "github", "--report", "terminal", "--report", "markdown"),
        folder=workflow.folder,
        **workflow.variables,
    )
    lines = ended.out.splitlines()
    token = next(line for line in lines if line.startswith("::stop-commands::")).removeprefix("::stop-commands::")
    stopped = False
    heard = []
    for line in lines:
        if stopped:
            stopped = line != f"::{token}::"
        elif line == f"::stop-commands::{token}":
            stopped = True
        else:
            heard.append(line)

    assert not stopped
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert "##[add-mask]0" in ended.out
    assert [line.partition(" ")[0] for line in heard] == ["::notice", "::error"]
    assert lines.count(f"::{token}::") == 2
    assert outputs(workflow.output)["score"] == "6"


def test_outside_of_a_workflow_nothing_stands_around_a_report(workflow):
    ended = run(*hostile(workflow), "--report", "terminal", folder=workflow.folder)

    assert "stop-commands::x" in ended.out
    assert not ended.out.startswith("::")


def test_a_machine_format_stands_alone_in_a_workflow_too(workflow):
    ended = run(
        *hostile(workflow),
        *("--report", "json", "--report", "terminal"),
        folder=workflow.folder,
        **workflow.variables,
    )

    assert json.loads(ended.out)["score"]["earned"] == 6
    assert ended.err.startswith("::stop-commands::")


def test_sarif_names_files_of_the_repository(workflow):
    ended = run("grade", "ada", "--rubric", workflow.rubric, "--report", "sarif", folder=workflow.folder)
    (result,) = json.loads(ended.out)["runs"][0]["results"]

    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "ada/notes.md"


def test_a_stream_in_ascii_gets_annotations_too(workflow):
    arguments = hostile(workflow)
    (workflow.work / "notes.md").write_text("é日\n", encoding="utf-8")
    variables = workflow.variables | {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    ended = run(*arguments, "--report", "github", folder=workflow.folder, **variables)

    assert ended.code == 0
    assert "\\xe9\\u65e5" in ended.out
    assert "é日" in workflow.summary.read_text(encoding="utf-8")


def test_a_record_is_annotated_as_the_submission_was(workflow):
    first = run(
        *("grade", "ada", "--rubric", workflow.rubric, "--report", "github", "--report", "json=r.json"),
        folder=workflow.folder,
    )
    again = run("report", "r.json", "--report", "github", folder=workflow.folder)

    assert again.out == first.out


def test_a_folder_has_its_place_in_the_repository_that_holds_it(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    inner = tmp_path / "repository" / "projects" / "one"
    inner.mkdir(parents=True)
    (tmp_path / "repository" / ".git").write_text("gitdir: elsewhere\n")  # as in a worktree

    assert folder_in_repository(str(inner)) == "projects/one"
    assert folder_in_repository(str(tmp_path / "repository")) == "."
    assert folder_in_repository(str(tmp_path / "repository" / "gone")) == "."
    assert folder_in_repository("\0") == "."
    monkeypatch.chdir(inner)
    assert folder_in_repository(".") == "projects/one"


def test_without_git_the_workspace_is_the_repository(tmp_path, monkeypatch):
    inner = tmp_path / "one"
    inner.mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    for workspace in (tmp_path, f"{tmp_path}{os.sep}", link):
        monkeypatch.setenv("GITHUB_WORKSPACE", str(workspace))
        assert folder_in_repository(str(inner)) == "one"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "other"))
    assert folder_in_repository(str(inner)) == "."
