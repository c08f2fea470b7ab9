"""What a class got and lost, counted by hand for a class of five."""

from __future__ import annotations

from decimal import Decimal

import pytest

from infra_grader.model.gradebook import State
from infra_grader.model.outcome import Status
from infra_grader.reports._class_totals import MAX_REASONS, UNFETCHED, ClassTotals
from tests.support.made_up_class import five, graded, head, standing, ungraded


def totals_of(rows):
    totals = ClassTotals(head())
    for row in rows:
        totals.add(row)
    return totals


@pytest.fixture
def totals():
    return totals_of(five())


def test_every_learner_is_counted_by_state_and_result(totals):
    assert dict(totals.counts) == {
        "all": 5, "graded": 3, "absent": 1, "open": 1, "waiting": 0,
        "passed": 1, "failed": 1, "undecided": 1, "provisional": 1, "awaiting": 1,
    }  # fmt: skip
    assert (totals.first, totals.last) == ("2026-10-02T10:01:00Z", "2026-10-02T11:00:00Z")


def test_a_criterion_says_what_was_earned_what_is_open_and_what_is_lost(totals):
    image, words = totals.criteria()

    assert (image.id, image.learners, image.losers, image.undecided) == ("image", 3, 1, 1)
    assert (image.earned, image.open, image.lost) == (Decimal(80) / 3, Decimal(40) / 3, Decimal(20))
    assert image.earned + image.open + image.lost == image.points
    assert (words.lost, words.losers) == (Decimal("32.5") / 3, 2)


def test_checks_stand_with_the_dearest_first_and_say_what_was_blocked(totals):
    assert [(check.id, check.losers, check.blocked) for check in totals.checks()] == [
        ("builds", 1, 0),
        ("readme", 1, 0),
        ("small", 1, 1),
        ("talk", 1, 0),
    ]
    assert [check.part for check in totals.checks()] == ["The image", "Documentation", "The image", "Documentation"]


def test_penalties_are_averages_over_all_who_were_graded(totals):
    [late] = totals.costs()

    assert (late.title, late.lost, late.losers, late.learners) == ("The check late", Decimal(10) / 3, 1, 3)


def test_a_late_policy_is_one_penalty_however_late_each_was():
    rows = [graded(number, standing("builds", Status.PASSED, 40, "40", "40"), late=number) for number in (1, 3)]
    by_policy = [
        row.replace(penalties=(row.penalties[0].replace(id="late-2", title=f"Handed in {lost} days late"),))
        for row, lost in zip(rows, (1, 3), strict=True)
    ]
    [late] = totals_of(by_policy).costs()

    assert (late.title, late.lost, late.losers) == ("Handed in late", 2, 2)


def test_reasons_are_grouped_by_what_they_say(totals):
    found = [(reason.status, reason.points, reason.learners, reason.checks) for reason in totals.reasons()]

    assert found == [
        (Status.NOT_ASSESSED, 40, 1, ("The check builds",)),
        (Status.AWAITING, 15, 1, ("The check talk",)),
        (UNFETCHED, 0, 1, ()),
    ]


def test_a_learner_with_two_checks_open_for_one_reason_is_one_learner():
    open_for = [standing(name, Status.ERROR, 20, "0", "20", "A fault.") for name in ("builds", "small")]
    [reason] = totals_of([graded(1, *open_for), graded(2, *open_for)]).reasons()

    assert (reason.points, reason.learners) == (80, 2)


def test_reasons_without_end_are_put_together():
    rows = [ungraded(number, State.OPEN, f"Fault {number}.") for number in range(3 * MAX_REASONS)]
    reasons = totals_of(rows).reasons()

    assert len(reasons) == MAX_REASONS + 1
    assert (reasons[-1].status, reasons[-1].learners) == ("", 2 * MAX_REASONS)


def test_what_the_rubric_no_longer_has_is_not_lost():
    row = graded(1, standing("builds", Status.FAILED, 40, "0", "0"))
    old = row.parts[0].replace(id="gone", checks=(standing("was", Status.FAILED, 9, "3", "3"),), earned=Decimal(3))
    totals = totals_of([row.replace(parts=(old,))])

    assert [(part.id, part.points, part.earned) for part in totals.criteria()] == [("gone", 9, 3)]
    assert [(check.id, check.lost) for check in totals.checks()] == [("was", 6)]


def test_time_is_that_of_the_checks(totals):
    assert list(totals.seconds) == [8.0, 8.0, 8.0]
    assert [check.seconds for check in totals.slowest(2)] == [2.0, 2.0]
