"""The entries that autograders' formats add up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from infra_grader.errors import ReportError
from infra_grader.model.outcome import Status
from infra_grader.model.rubric import Visibility
from infra_grader.reports._entries import entries, hint, message, refuse_unassessed, remainder_name
from infra_grader.reports._findings import for_learner


def test_they_add_up_to_the_score(scorecards):
    for name in ("all_passed", "lost_and_partial", "open_interval", "hostile", "bonus_and_penalties", "hidden"):
        card = scorecards.ALL[name]()
        assert sum(entry.earned for entry in entries(card)) == card.score.earned, name


def test_a_penalty_is_negative_points_out_of_nothing(scorecards):
    secret, large = entries(scorecards.bonus_and_penalties())[-2:]
    assert (secret.name, secret.earned, secret.most) == ("Penalty: No secret in the history", -5, 0)
    assert (large.earned, large.most) == (0, 0)
    assert message(secret) == "costs 5 of 5: A key stands in config.py."
    assert hint(secret) == "Revoke the key."
    assert hint(large) == ""


def test_names_are_unique_and_never_empty(scorecards):
    twins = [scorecards.check(name, title, Status.PASSED) for name, title in [("a", "S"), ("b", "S"), ("c", "S (b)")]]
    named = [*twins, scorecards.check("d", "", Status.PASSED)]
    found = entries(scorecards.scorecard(scorecards.criterion("c", "C", *named), passed=True))
    assert [entry.name for entry in found] == ["S", "S (b)", "S (b) (c)", "d"]


def test_an_open_check_says_that_nobody_judged_it(scorecards):
    build = entries(scorecards.open_interval())[1]
    assert message(build) == "0 of 20, up to 20, not assessed: Docker is not available here."


def test_of_a_hidden_check_it_tells_points_alone(scorecards):
    drawn = entries(for_learner(scorecards.hidden()))[1]
    assert (message(drawn), hint(drawn)) == ("0 of 30: What this check found is hidden.", "")


def test_a_remainder_has_a_name(scorecards):
    card = scorecards.all_passed()
    assert remainder_name(card, is_taken=True) == "No more than the full mark"
    assert remainder_name(card, is_taken=False) == "No less than 0"
    adjusted = card.replace(environment={"adjusted_by": "course\n, late"})
    assert remainder_name(adjusted, is_taken=True) == "Adjusted by the plugin course\\n"
    assert remainder_name(card.replace(environment={"adjusted_by": "late"}), is_taken=False) == "No less than 0"


@pytest.mark.parametrize("status", [Status.NOT_ASSESSED, Status.AWAITING, Status.ERROR])
def test_where_nothing_was_assessed_there_is_no_report(scorecards, status):
    checks = [
        scorecards.check("a", "A", status, message="No Docker\nhere."),
        scorecards.check("b", "B", Status.PASSED, "0"),
    ]
    card = scorecards.scorecard(scorecards.criterion("c", "C", *checks), passed=None)
    with pytest.raises(ReportError) as caught:
        refuse_unassessed(card, "gradescope")
    assert str(caught.value).startswith("no gradescope report: nothing was assessed")
    assert "(No Docker\\nhere)" in str(caught.value)
    assert "--report terminal" in caught.value.remedy


def test_a_hidden_check_gives_no_reason(scorecards):
    check = scorecards.check("a", "A", Status.ERROR, message="SECRET", visibility=Visibility.HIDDEN)
    with pytest.raises(ReportError) as caught:
        refuse_unassessed(scorecards.scorecard(scorecards.criterion("c", "C", check), passed=None), "gradescope")
    assert "SECRET" not in str(caught.value)


def test_a_zero_that_somebody_decided_is_no_empty_one(scorecards):
    failed = scorecards.check("a", "A", Status.FAILED)
    refuse_unassessed(scorecards.scorecard(scorecards.criterion("c", "C", failed), passed=False), "gradescope")
    closed = scorecards.check("a", "A", Status.NOT_ASSESSED, possible=Decimal(0))
    refuse_unassessed(scorecards.scorecard(scorecards.criterion("c", "C", closed), passed=False), "gradescope")
