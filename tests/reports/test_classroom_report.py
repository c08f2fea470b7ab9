"""The older result of GitHub Classroom's runners, held against what its reporter needs."""

from __future__ import annotations

import base64
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from infra_grader.errors import ReportError
from infra_grader.model.outcome import Evidence, Status
from infra_grader.plugin import RenderOptions
from infra_grader.reports.classroom_report import infra_grader_report_formats, render

OPTIONS = RenderOptions()


class Test(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    __test__ = False

    name: Annotated[str, Meta(min_length=1)]
    status: Annotated[str, Meta(pattern="^(pass|fail|error)$")]
    score: float
    message: str
    test_code: str
    filename: str
    line_no: Annotated[int, Meta(ge=0)]


class Result(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    version: Annotated[int, Meta(ge=1, le=1)]
    status: Annotated[str, Meta(pattern="^(pass|fail|undecided)$")]
    max_score: float
    tests: Annotated[list[Test], Meta(min_length=1)]


def accepted(card: Any) -> Result:
    text = render(card, OPTIONS)
    assert text.count("\n") == 1
    return msgspec.json.decode(base64.b64decode(text.removesuffix("\n"), validate=True), type=Result)


def one(scorecards: Any, status: Status, **facts: Any) -> Test:
    check = scorecards.check("a", facts.pop("title", "A"), status, **facts)
    anchor = scorecards.check("b", "B", Status.FAILED)
    return accepted(scorecards.scorecard(scorecards.criterion("c", "C", check, anchor), passed=False)).tests[0]


def test_it_is_a_format_for_machines():
    (report,) = infra_grader_report_formats()
    assert (report.name, report.is_machine, report.render) == ("classroom", True, render)


def test_its_reporter_gets_numbers_that_add_up_to_the_score(card):
    result = accepted(card)
    assert sum(test.score for test in result.tests) == pytest.approx(float(card.score.earned))
    assert result.max_score == float(card.score.points)
    assert result.status == {True: "pass", False: "fail", None: "undecided"}[card.score.passed]


@pytest.mark.parametrize(
    ("status", "fraction", "shown"),
    [
        (Status.PASSED, "1", "pass"),
        (Status.PARTIAL, "1/2", "fail"),
        (Status.FAILED, "0", "fail"),
        (Status.BLOCKED, "0", "fail"),
        (Status.NOT_ASSESSED, "0", "error"),
        (Status.AWAITING, "0", "error"),
        (Status.ERROR, "0", "error"),
    ],
)
def test_each_status_has_its_word(scorecards, status, fraction, shown):
    assert one(scorecards, status, fraction=fraction).status == shown


def test_a_lost_check_says_where_and_what_to_do(scorecards):
    test = accepted(scorecards.lost_and_partial()).tests[0]
    assert (test.filename, test.line_no, test.score) == ("src/app.py", 3, 5)
    assert test.message == (
        "5 of 12.5: ruff finds 12 issues in 3 files.\nWhat to do: Run `ruff check src` and fix what it prints."
    )


def test_a_score_below_the_sum_of_its_parts_says_why(scorecards):
    check = scorecards.check("a", "A", Status.PASSED, "5")
    lost = scorecards.penalty(scorecards.check("p", "P", Status.FAILED, "8"))
    card = scorecards.scorecard(scorecards.criterion("c", "C", check), penalties=(lost,), passed=False)
    assert [(test.name, test.score) for test in accepted(card).tests][1:] == [("Penalty: P", -8), ("No less than 0", 3)]


def test_nothing_in_it_is_a_command_to_the_runner_that_prints_it(scorecards):
    test = one(
        scorecards,
        Status.FAILED,
        title=" ::error::x",
        message="##[error]y\n::notice::z",
        hint="::set-output name=a::b",
        evidence=(Evidence(path="::error::x.py", line=2),),
    )
    lines = [test.name, test.filename, *test.message.splitlines()]
    assert not [text for text in lines if text.lstrip().startswith("::") or "##[" in text]
    assert len(test.message.splitlines()) == 2
    assert test.filename == ": :error::x.py"


def test_what_a_hidden_check_found_is_not_told(scorecards):
    assert b"SECRET" not in base64.b64decode(render(scorecards.hidden(), OPTIONS))


def test_nothing_assessed_is_refused(scorecards):
    check = scorecards.check("a", "A", Status.ERROR)
    card = scorecards.scorecard(scorecards.criterion("c", "C", check), passed=None)
    with pytest.raises(ReportError, match="no classroom report: nothing was assessed"):
        render(card, OPTIONS)
