"""The result file of Classroom 50, held against a closed model of what its runner accepts."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from infra_grader.engine.score import earned_points
from infra_grader.errors import ReportError
from infra_grader.model.outcome import Status
from infra_grader.plugin import RenderOptions
from infra_grader.reports.classroom50_report import full_mark, infra_grader_report_formats, render, units

Url = Annotated[str, Meta(pattern="^https://.+")]
Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")]
Text = Annotated[str, Meta(min_length=1)]
Natural = Annotated[int, Meta(ge=0)]
RUNNER = {
    "CLASSROOM": "ai-infra-2026",
    "ASSIGNMENT": "project-01",
    "ASSIGNMENT_TYPE": "group",
    "OWNER": "team-7",
    "USERNAME": "ada",
    "SUBMISSION_TAG": "submit/1",
    "COMMIT_URL": "https://git.example.org/c",
    "RELEASE_URL": "https://git.example.org/r",
    "REVIEW_URL": "https://git.example.org/v",
    "COMMIT_TIME": "2026-01-31T08:59:00Z",
}


class Test(msgspec.Struct, rename="kebab", frozen=True):
    """Other keys are allowed and kept."""

    __test__ = False

    test_name: Text
    passed: bool
    score: int
    max_score: int


class Result(msgspec.Struct, rename={"max_score": "max-score"}, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The closed top level."""

    schema: Annotated[str, Meta(pattern="^classroom50/result/v1$")]
    classroom: Text
    assignment: Text
    owner: Text
    submission: Annotated[str, Meta(pattern="^submit/")]
    commit: Url
    release: Url
    review: Url
    datetime: Moment
    score: Natural
    max_score: Natural
    tests: Annotated[list[Test], Meta(min_length=1)]
    assignment_type: str | None = None
    graded_at: Moment | None = None
    submitted_by: dict[str, Any] | None = None


def accepted(card: Any, **variables: str) -> Result:
    """Return the file as its runner would take it."""
    text = render(card, RenderOptions(variables={**RUNNER, **variables}))
    result = msgspec.json.decode(text, type=Result)
    assert result.score <= result.max_score
    assert all(test.score <= test.max_score for test in result.tests)
    assert len({test.test_name for test in result.tests}) == len(result.tests)
    assert sum(test.score for test in result.tests) == result.score
    return result


def test_it_is_a_format_for_machines():
    (report,) = infra_grader_report_formats()
    assert (report.name, report.is_machine, report.render) == ("classroom50", True, render)


def test_its_runner_accepts_it(card):
    result = accepted(card)
    assert result.score == min(card.score.earned, card.score.points) * 100
    assert result.max_score == card.score.points * 100
    assert (result.owner, result.assignment_type, result.submission) == ("team-7", "group", "submit/1")
    assert result.graded_at == "2026-01-31T09:00:02Z"


def test_points_above_the_full_mark_are_taken_back_by_a_test(scorecards):
    *_, last = accepted(scorecards.bonus_and_penalties()).tests
    assert last == Test(test_name="No more than the full mark", passed=True, score=-250, max_score=0)


def test_penalties_do_not_lead_below_0(scorecards):
    check = scorecards.check("a", "A", Status.PASSED, "5")
    lost = scorecards.penalty(scorecards.check("p", "P", Status.FAILED, "8"))
    card = scorecards.scorecard(scorecards.criterion("c", "C", check), penalties=(lost,), passed=False)
    result = accepted(card)
    assert (result.score, result.max_score) == (0, 500)
    assert [test.score for test in result.tests] == [500, -800, 300]
    assert result.tests[-1].test_name == "No less than 0"


def test_what_a_plugin_gave_or_took_is_a_test(scorecards):
    card = scorecards.lost_and_partial()
    adjusted = card.replace(
        score=card.score.replace(earned=Decimal("20.009")), environment={"adjusted_by": "course, late"}
    )
    result = accepted(adjusted)
    assert result.score == 2000
    assert result.tests[-1].test_name == "Adjusted by the plugin course"


@pytest.mark.parametrize("name", ["CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "COMMIT_TIME"])
def test_a_variable_that_is_missing_is_named(scorecards, name):
    with pytest.raises(ReportError) as caught:
        accepted(scorecards.all_passed(), **{name: ""})
    assert f"{name} missing" in str(caught.value)
    assert "docs/adapters/classroom50" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SUBMISSION_TAG", "v1", "does not start with submit/"),
        ("COMMIT_TIME", "yesterday", "COMMIT_TIME is no moment"),
        ("COMMIT_TIME", "2026-01-31T09:00:00Z\n", "COMMIT_TIME is no moment"),
    ],
)
def test_a_variable_of_no_use_is_refused(scorecards, name, value, words):
    with pytest.raises(ReportError, match=words):
        accepted(scorecards.all_passed(), **{name: value})


def test_the_time_of_handing_in_goes_before_the_runner_s(scorecards):
    card = scorecards.all_passed()
    known = card.replace(submission=card.submission.replace(submitted="2026-01-30T00:00:00Z"))
    assert accepted(known).datetime == "2026-01-30T00:00:00Z"


def test_a_learner_s_owner_is_the_learner(scorecards):
    assert accepted(scorecards.all_passed(), OWNER="").owner == "ada"
    assert accepted(scorecards.all_passed(), ASSIGNMENT_TYPE="other").assignment_type is None


def test_nothing_assessed_is_refused(scorecards):
    check = scorecards.check("a", "A", Status.NOT_ASSESSED)
    card = scorecards.scorecard(scorecards.criterion("c", "C", check), passed=None)
    with pytest.raises(ReportError, match="nothing was assessed"):
        accepted(card)


def test_what_a_hidden_check_found_is_not_told(scorecards):
    assert "SECRET" not in render(scorecards.hidden(), RenderOptions(variables=RUNNER))


def test_hostile_text_stays_text(scorecards):
    text = render(scorecards.hostile(), RenderOptions(variables={**RUNNER, "OWNER": "\udc80\x1b[31m"}))
    assert text.isascii()
    assert "\\u001b" not in text
    assert json.loads(text)["owner"] == "\\x80\\x1b[31m"


shares = st.fractions(min_value=0, max_value=1, max_denominator=1000)
points = st.integers(min_value=1, max_value=10_000).map(lambda cents: Decimal(cents).scaleb(-2))
worth = st.lists(st.tuples(points, shares), min_size=1, max_size=8)


@given(worth, st.lists(points, max_size=2), st.lists(points, max_size=2))
def test_nothing_is_rounded_and_the_tests_add_up(scorecards_module, checks, bonus, penalties):
    made = scorecards_module
    card = made.scorecard(
        made.criterion("c", "C", *(_check(made, f"c{n}", *facts) for n, facts in enumerate(checks))),
        bonus=_bonus(made, bonus),
        penalties=tuple(
            made.penalty(made.check(f"p{n}", "P", Status.FAILED, str(value))) for n, value in enumerate(penalties)
        ),
        passed=False,
    )
    result = accepted(card)
    assert Fraction(result.score, 100) == min(Fraction(card.score.earned), Fraction(card.score.points))
    assert Fraction(result.max_score, 100) == Fraction(card.score.points)


@given(st.decimals(0, 200, places=6), st.decimals(0, 200, places=6))
def test_more_points_are_never_fewer_units_and_nobody_is_rounded_up(scorecards_module, one, other):
    card = scorecards_module.all_passed()
    low, high = (card.replace(score=card.score.replace(earned=earned)) for earned in sorted([one, other]))
    assert 0 <= units(low) <= units(high) <= full_mark(card)
    assert Fraction(units(high), 100) <= Fraction(high.score.earned)
    assert units(high) == full_mark(card) or Fraction(units(high) + 1, 100) > Fraction(high.score.earned)


@pytest.fixture(scope="module")
def scorecards_module():
    import sys

    return sys.modules["report_scorecards"]


def _check(made, name, value, share):
    status = Status.PASSED if share == 1 else Status.PARTIAL if share else Status.FAILED
    return made.check(name, "A", status, str(value), str(share)).replace(
        earned=earned_points(value, share), possible=earned_points(value, share)
    )


def _bonus(made, values):
    if not values:
        return None
    checks = tuple(made.check(f"b{n}", "B", Status.PASSED, str(value)) for n, value in enumerate(values))
    return made.BonusScore(points=sum(values), earned=sum(values), possible=sum(values), checks=checks)
