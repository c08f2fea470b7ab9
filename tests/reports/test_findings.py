from __future__ import annotations

from decimal import Decimal

from infra_grader.engine.registry import Registry
from infra_grader.model.outcome import Status
from infra_grader.plugin import RenderOptions
from infra_grader.reports._findings import for_learner, losses, open_groups
from infra_grader.reports._wording import open_heading, score_words, verdict, verdict_reasons


def test_losses_are_ordered_by_what_they_win_back_with_what_they_block(scorecards):
    found = losses(scorecards.lost_and_partial())

    assert [(loss.check.id, loss.lost, loss.winnable) for loss in found] == [
        ("limits", 30, 30),
        ("source", 5, 25),
        ("errors", 10, 10),
        ("lint", Decimal("7.5"), Decimal("7.5")),
        ("tidy", 0, 0),
    ]
    assert [check.id for check in found[1].waiting] == ["health"]


def test_all_that_is_missing_can_be_won_back(scorecards):
    card = scorecards.lost_and_partial()

    assert card.score.earned + sum(loss.winnable for loss in losses(card)) == card.score.points


def test_a_blocked_check_whose_cause_is_unknown_stands_alone(scorecards):
    lost = scorecards.check("b", "B", Status.BLOCKED, blocked_by="gone")
    card = scorecards.scorecard(scorecards.criterion("c", "C", lost), passed=False)

    assert [loss.check.id for loss in losses(card)] == ["b"]


def test_checks_that_block_one_another_are_not_forgotten(scorecards):
    own = scorecards.check("a", "A", Status.BLOCKED, blocked_by="a")
    card = scorecards.scorecard(scorecards.criterion("c", "C", own), passed=False)

    assert [loss.check.id for loss in losses(card)] == ["a"]


def test_a_penalty_can_be_won_back_and_a_bonus_is_no_loss(scorecards):
    assert [loss.check.id for loss in losses(scorecards.bonus_and_penalties())] == ["secret"]


def test_what_being_late_costs_cannot_be_won_back_and_is_told_as_a_penalty(scorecards):
    card = scorecards.bonus_and_penalties()
    why = "1 day begun at 10 % each: 10 % of the 80 points earned, which is 8."
    late = card.penalties[0].check.replace(id="late", uses="late", title="Handed in 3 hours late", message=why)
    card = card.replace(penalties=(*card.penalties, scorecards.penalty(late)))

    assert [loss.check.id for loss in losses(card)] == ["secret"]
    for name in ("terminal", "markdown", "html"):
        report = Registry().find_format(name).render(card, RenderOptions(width=200))
        told = report[report.index("Penalties") :]
        assert "Handed in 3 hours late" in told
        assert why in told, name


def test_a_check_that_waits_for_an_open_one_is_open_for_its_reason(scorecards):
    (group,) = open_groups(scorecards.open_interval())

    assert (group.reason, group.points) == ("Docker is not available here.", 30)
    assert [check.id for check in group.checks] == ["build", "size"]


def test_open_checks_that_wait_in_a_ring_come_to_an_end(scorecards):
    ring = [scorecards.check(a, a, Status.NOT_ASSESSED, blocked_by=b) for a, b in ("ab", "bc", "ca")]
    card = scorecards.scorecard(scorecards.criterion("c", "C", *ring), passed=None)

    assert sum(len(group.checks) for group in open_groups(card)) == 3


def test_the_score_in_words(scorecards):
    assert score_words(scorecards.open_interval()) == (
        "62 of 100, up to 92: 30 points not assessed, Docker is not available here"
    )
    assert score_words(scorecards.all_passed()) == "100 of 100"


def test_verdicts(scorecards):
    assert verdict(scorecards.all_passed()) == "Passed"
    assert verdict(scorecards.lost_and_partial()) == "Did not pass"
    assert verdict(scorecards.open_interval()) == "Undecided"


def test_a_required_criterion_that_is_missing_explains_the_verdict(scorecards):
    assert "Required and not done: Review." in verdict_reasons(scorecards.errors_and_people())


def test_open_points_that_count_zero_are_said_to(scorecards):
    closed = scorecards.check("a", "A", Status.NOT_ASSESSED, message="No Docker.").replace(possible=Decimal(0))
    card = scorecards.scorecard(scorecards.criterion("c", "C", closed), passed=False)

    assert score_words(card) == "0 of 10"
    assert [open_heading(group) for group in open_groups(card)] == ["Not assessed, counted as 0: No Docker."]


def test_a_hidden_check_keeps_title_and_points_only(scorecards):
    shown = for_learner(scorecards.hidden())

    assert "SECRET" not in repr(shown)
    assert shown.score == scorecards.hidden().score
    assert [check.title for check in shown.all_checks()] == [
        "The published example works",
        "Other inputs work too",
        "Large inputs work",
    ]
