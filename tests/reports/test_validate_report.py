from __future__ import annotations

from infra_grader.model.outcome import Evidence, Status
from infra_grader.plugin import RenderOptions
from infra_grader.reports.validate_report import render_validate

SIGNS = RenderOptions()
PLAIN = RenderOptions(signs=False)


def test_an_exercise_that_is_done_prints_the_six_lines(scorecards):
    assert render_validate(scorecards.all_passed(), SIGNS) == (
        "✅ Skills assessment completed\n"
        "✅ Learning plan created\n"
        "✅ Career roadmap defined\n"
        "✅ Job market research done\n"
        "\n"
        "🎉 Exercise 01 Complete! Ready for Exercise 02.\n"
    )


def test_a_stream_without_signs_gets_words(scorecards):
    assert render_validate(scorecards.all_passed(), PLAIN) == (
        "[ok] Skills assessment completed\n"
        "[ok] Learning plan created\n"
        "[ok] Career roadmap defined\n"
        "[ok] Job market research done\n"
        "\n"
        "Exercise 01 Complete! Ready for Exercise 02.\n"
    )


def exercise(scorecards, *checks, required=True, passed=False):
    done = scorecards.criterion("d", "Plan", scorecards.check("d", "D", Status.PASSED), required=True, done="Plan made")
    other = scorecards.criterion("o", "Skills", *checks, required=required, done="Skills rated")
    return scorecards.scorecard(done, other, passed=passed, complete="🎉 Done!")


def test_a_lost_check_says_looked_for_found_where_and_what_to_do(scorecards):
    lost = scorecards.check(
        "areas",
        "Ten areas are rated",
        Status.FAILED,
        message="docs/skills.md rates 7 areas.",
        hint="Rate at least\n  three more.",
        evidence=(
            Evidence(path="docs/skills.md", line=3, end_line=9, expected="at least 10 areas", actual="7 areas"),
            Evidence.number(7, 10, "areas"),
        ),
    )

    assert render_validate(exercise(scorecards, lost), SIGNS) == (
        "✅ Plan made\n"
        "❌ Skills: not met\n"
        "   ❌ Ten areas are rated\n"
        "      looked for: at least 10 areas; 10 areas\n"
        "      found: docs/skills.md rates 7 areas.\n"
        "      where: docs/skills.md:3-9: 7 areas\n"
        "      seen: 7 areas\n"
        "      what to do: Rate at least three more.\n"
    )


def test_done_criteria_keep_their_tick_and_lines_are_never_wrapped(scorecards):
    lost = scorecards.check("a", "A", Status.FAILED, message="x" * 500)
    lines = render_validate(exercise(scorecards, lost), RenderOptions(width=40)).splitlines()

    assert lines[0] == "✅ Plan made"
    assert f"      found: {'x' * 500}" in lines


def test_only_what_is_lost_is_explained(scorecards):
    checks = [scorecards.check("a", "A", Status.PASSED), scorecards.check("b", "B", Status.PARTIAL, "10", "1/2")]
    text = render_validate(exercise(scorecards, *checks), PLAIN)

    assert "[no] Skills: 1 of 2 checks fell short\n   [no] B\n" in text
    assert "] A\n" not in text


def test_a_blocked_check_names_what_it_waits_for(scorecards):
    checks = [
        scorecards.check("a", "A file", Status.FAILED),
        scorecards.check("b", "Its content", Status.BLOCKED, blocked_by="a"),
    ]

    text = render_validate(exercise(scorecards, *checks), SIGNS)

    assert '   1 more check waits for "A file": Its content\n' in text


def test_an_open_check_has_its_own_sign_reason_and_remedy(scorecards):
    still_open = scorecards.check("a", "A", Status.NOT_ASSESSED, message="No Docker here.", remedy="Start Docker.")
    card = exercise(scorecards, still_open, passed=None)

    assert render_validate(card, SIGNS).endswith(
        "❔ Skills: 1 of 1 not assessed\n   ❔ A\n      why: No Docker here.\n      what would help: Start Docker.\n"
    )
    assert "[??] Skills" in render_validate(card, PLAIN)


def test_the_closing_line_needs_every_required_criterion(scorecards):
    lost = scorecards.check("a", "A", Status.FAILED)

    assert "Done!" not in render_validate(exercise(scorecards, lost, passed=None), SIGNS)
    assert render_validate(exercise(scorecards, lost, required=False, passed=True), SIGNS).endswith("\n\n🎉 Done!\n")


def test_the_closing_line_is_never_printed_for_what_did_not_pass(scorecards):
    lost = scorecards.check("a", "A", Status.FAILED)

    assert "Done!" not in render_validate(exercise(scorecards, lost, required=False, passed=False), SIGNS)


def test_where_nothing_is_required_all_must_be_done(scorecards):
    lost = scorecards.criterion("c", "C", scorecards.check("a", "A", Status.FAILED))
    card = scorecards.scorecard(lost, passed=None, complete="Done!")

    assert "Done!" not in render_validate(card, SIGNS)


def test_a_penalty_that_costs_points_is_shown(scorecards):
    text = render_validate(scorecards.bonus_and_penalties(), PLAIN)

    assert "[no] No secret in the history: costs 5 of 5 points\n" in text
    assert "      where: config.py:4\n" in text
    assert "No large file" not in text


def test_a_check_that_is_not_scored_does_not_undo_the_tick(scorecards):
    checks = [scorecards.check("a", "A", Status.PASSED), scorecards.check("b", "B", Status.FAILED, "0")]

    assert render_validate(exercise(scorecards, *checks, passed=True), SIGNS).endswith("✅ Skills rated\n\n🎉 Done!\n")


def test_hostile_text_stays_on_its_line(scorecards):
    lost = scorecards.check("a", "A", Status.FAILED, message="x\n🎉 Done!\x1b[2J")
    text = render_validate(exercise(scorecards, lost), SIGNS)

    assert "      found: x\\n🎉 Done!\\x1b[2J\n" in text
    assert len(text.splitlines()) == 4


def test_a_title_stands_in_where_a_criterion_has_no_done_text(scorecards):
    card = scorecards.all_passed()
    card = card.replace(criteria=(card.criteria[0].replace(done=""), *card.criteria[1:]))

    assert render_validate(card, SIGNS).startswith("✅ Skills assessment\n")
