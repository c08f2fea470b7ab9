"""The file that an autograder leaves for Gradescope, held against a closed model of what it reads."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import UNSET, Meta, UnsetType

from infra_grader.errors import ReportError
from infra_grader.model.outcome import Status
from infra_grader.model.rubric import Visibility
from infra_grader.plugin import RenderOptions
from infra_grader.reports.gradescope_report import infra_grader_report_formats, render

OPTIONS = RenderOptions()
Format = Literal["text", "html", "simple_format", "md", "ansi"]
Seen = Literal["hidden", "after_due_date", "after_published", "visible"]


class Test(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    __test__ = False

    name: Annotated[str, Meta(min_length=1)]
    output: str
    visibility: Seen
    score: float | UnsetType = UNSET
    max_score: float | UnsetType = UNSET
    status: Literal["passed", "failed"] | UnsetType = UNSET
    number: str = ""
    tags: list[str] = []


class Results(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    score: float
    output: str
    output_format: Format
    test_output_format: Format
    test_name_format: Format
    stdout_visibility: Seen
    extra_data: dict[str, Any]
    tests: Annotated[list[Test], Meta(min_length=1)]


def accepted(card: Any) -> Results:
    return msgspec.json.decode(render(card, OPTIONS), type=Results)


def test_it_is_a_format_for_machines():
    (report,) = infra_grader_report_formats()
    assert (report.name, report.is_machine, report.render) == ("gradescope", True, render)


def test_gradescope_reads_it(card):
    results = accepted(card)
    assert results.score == float(card.score.earned)
    for test in results.tests:
        assert (test.score is UNSET) == (test.max_score is UNSET) == (test.status is UNSET)
        assert "\r" not in test.output
        assert "\x1b" not in test.output
    assert sum(test.score for test in results.tests if test.score is not UNSET) == pytest.approx(results.score)
    assert results.extra_data["possible"] == float(card.score.possible)
    assert results.extra_data["passed"] is card.score.passed


def test_bonus_and_penalties_are_points_out_of_nothing(scorecards):
    *_, ci, cache, secret = accepted(scorecards.bonus_and_penalties()).tests
    assert [(test.score, test.max_score, test.status) for test in (ci, cache, secret)] == [
        (5, 0, "passed"),
        (2.5, 0, "failed"),
        (-5, 0, "failed"),
    ]
    assert secret.output == "It costs 5 of 5.\nA key stands in config.py.\nconfig.py:4\nWhat to do: Revoke the key."


def test_an_open_check_has_no_points_and_says_what_would_help(scorecards):
    test = accepted(scorecards.open_interval()).tests[1]
    assert test.status is UNSET
    assert test.output.splitlines() == [
        "Not assessed: 0 of 20, up to 20.",
        "Docker is not available here.",
        "What would help: Start Docker, then grade again.",
    ]


def test_the_learner_reads_what_is_open_and_why(scorecards):
    assert accepted(scorecards.open_interval()).output.splitlines()[0] == (
        "Undecided: 62 of 100, up to 92: 30 points not assessed, Docker is not available here."
    )


def test_a_hidden_check_tells_its_points_and_a_later_one_is_kept_by_gradescope(scorecards):
    _, drawn, late = accepted(scorecards.hidden()).tests
    assert (drawn.visibility, drawn.output, drawn.score, drawn.tags) == (
        "hidden", "What this check found is hidden.", 0, []
    )  # fmt: skip
    assert late.visibility == "after_due_date"
    assert "SECRET" in late.output
    assert "SECRET" not in accepted(scorecards.hidden()).output


def test_a_hidden_penalty_tells_its_points_alone(scorecards):
    found = scorecards.check("p", "P", Status.FAILED, "2", message="SECRET", visibility=Visibility.HIDDEN)
    check = scorecards.check("a", "A", Status.PASSED, "5")
    card = scorecards.scorecard(
        scorecards.criterion("c", "C", check), penalties=(scorecards.penalty(found),), passed=True
    )
    assert "SECRET" not in render(card, OPTIONS)
    assert accepted(card).tests[-1].score == -2


def test_nothing_assessed_is_refused(scorecards):
    check = scorecards.check("a", "A", Status.AWAITING)
    card = scorecards.scorecard(scorecards.criterion("c", "C", check), passed=None)
    with pytest.raises(ReportError, match="no gradescope report: nothing was assessed"):
        render(card, OPTIONS)
