"""The workflow that tries the action, run by act: real commits are graded, with stand-ins for the actions of others."""

from __future__ import annotations

import json
import re

import acting
import pytest

CASES = ("passing", "failing", "undecided", "demanding", "hostile", "refused")
RUBRICS = ("exercise-01-overview", "tests/workflows/rubrics/review.yaml", "tests/workflows/rubrics/hostile.yaml")
FORGED = ("::error title=forged", "Autograding report", "::set-output", "::add-mask::", "::stop-commands::forged")


@pytest.fixture(scope="module")
def acted(tmp_path_factory):
    """One run of the workflow, in which every case is a job."""
    folder = tmp_path_factory.mktemp("act")
    runner = acting.Runner(folder / "runner")
    project = acting.project_copy(folder / "project")
    for rubric in (*RUBRICS, "nothing.yaml"):
        runner.install(project, rubric)
    found = runner.push(project, ".github/workflows/try-action.yml")
    found.artifacts, found.runner = runner.artifacts, runner
    return found


@pytest.mark.parametrize("case", CASES)
def test_the_job_of_each_case_gives_the_outputs_that_it_should(acted, case):
    assert f"{case}: 0 differences" in acted.printed(case), acted.printed(case)


def test_no_job_fails(acted):
    assert set(acted.results().values()) == {"success"}
    assert acted.code == 0


def test_work_that_passes_is_green_and_says_so(acted):
    (score,) = acted.annotations("passing")
    assert score.name == "notice"
    assert score.properties["title"].endswith(": passed")
    assert ": passed\n\n**100 of 100**\n" in acted.summary("passing")


def test_work_that_does_not_pass_is_red_and_reads_what_wins_most(acted):
    found = acted.annotations("failing")
    assert found[0].properties["title"].endswith(": did not pass")
    lost = [entry for entry in found if re.match(r"[\d.]+ points?: ", entry.properties["title"])]
    worth = [float(entry.properties["title"].split()[0]) for entry in lost]
    assert len(lost) >= 2
    assert worth[0] == max(worth)
    assert acted.annotation("Did not pass", "failing").name == "error"
    summary = acted.summary("failing")
    assert "### Points to win back" in summary
    assert "<details open><summary><b>" in summary


def test_undecided_work_is_green_with_a_notice(acted):
    verdict = acted.annotation("Undecided", "undecided")
    assert verdict.name == "notice"
    assert verdict.text == "6 of 10 points are certain, up to 10 are possible. Points that are still open decide."
    assert "up to 10" in acted.summary("undecided")


def test_undecided_work_is_red_where_more_must_be_certain(acted):
    verdict = acted.annotation("Under what is asked for", "demanding")
    assert verdict.name == "error"
    assert "60 % are certain, and this workflow asks for 70 %" in verdict.text


def test_a_learner_s_own_rubric_is_refused(acted):
    (refusal,) = acted.annotations("refused")
    assert refusal.properties["title"] == "infra-grader cannot grade"
    assert "inside the submission" in refusal.text
    assert acted.summary("refused") == ""


def test_nothing_that_a_learner_wrote_is_a_command(acted):
    for entry in acted.commands("hostile"):
        assert entry.name in ("error", "warning", "notice", "set-output", "summary")
        assert "forged" not in str(entry.properties.get("title", ""))
    titles = [title for entry in acted.annotations("hostile") if (title := entry.properties["title"]) != "Did not pass"]
    assert titles[:4] == [
        "What learners write: did not pass",
        "30 points: The program greets",
        "25 points: The code is Python",
        "20 points: The history says what was done",
    ]
    # The words are there all the same, as text.
    assert any(FORGED[0] in entry.text for entry in acted.annotations("hostile"))


def test_annotations_keep_to_the_limits_and_say_what_is_left_out(acted):
    found = acted.annotations("hostile")
    levels = [entry.name for entry in found if entry.properties["title"] != "Did not pass"]  # that is another step's
    assert max(levels.count(level) for level in ("error", "warning", "notice")) <= 10


def test_the_program_of_a_learner_ran_without_the_runner_s_variables(acted):
    printed = json.dumps([entry.text for entry in acted.annotations("hostile")])
    assert "GITHUB_OUTPUT is not set" in printed
    assert "[]" in printed


def test_the_summary_of_hostile_work_is_inert(acted):
    summary = acted.summary("hostile")
    outside = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", re.sub(r"(?ms)^( *)(```+|~~~+).*?^\1\2", "", summary))
    for text in ("<img", "<script", "](http", "@everyone", "\x1b"):
        assert text not in outside
    assert "only-graders-know-this-name" not in summary


def test_reports_are_uploaded_and_tell_nothing_hidden(acted):
    folder = acted.artifacts / "infra-grader-hostile"
    assert {file.name for file in folder.iterdir()} == {"report.html", "junit.xml", "score.json", "result.json"}
    for name in ("report.html", "junit.xml", "score.json"):
        assert "only-graders-know-this-name" not in (folder / name).read_text(encoding="utf-8")
    badge = json.loads((folder / "score.json").read_bytes())
    assert badge == {"schemaVersion": 1, "label": "What learners write", "message": "15 of 100", "color": "red"}
    assert not (acted.artifacts / "infra-grader-refused").exists()


def test_no_shell_ran_what_stands_in_names(acted):
    assert not list(acted.runner.folder.rglob("pwned*"))
