from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from infra_grader.model.outcome import Evidence, Status
from infra_grader.plugin import RenderOptions
from infra_grader.reports.terminal_report import infra_grader_report_formats, render

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def test_it_is_the_format_for_people():
    (report,) = infra_grader_report_formats()

    assert (report.name, report.is_machine, report.render) == ("terminal", False, render)


@pytest.mark.parametrize("width", [20, 40, 69, 80, 120, 200])
@pytest.mark.parametrize("signs", [True, False])
@pytest.mark.parametrize("color", [True, False])
def test_no_line_is_wider_than_the_terminal(card, width, signs, color):
    text = render(card, RenderOptions(width=width, signs=signs, color=color))

    assert max(cell_len(ANSI.sub("", line)) for line in text.split("\n")) <= width


@pytest.mark.parametrize("width", [0, -3, 1, 10])
def test_an_absurd_width_does_not_break_it(card, width):
    assert render(card, RenderOptions(width=width))


def test_the_verdict_comes_first(scorecards):
    lines = render(scorecards.open_interval(), RenderOptions(width=200)).split("\n")

    assert lines[3] == "Undecided: 62 of 100, up to 92: 30 points not assessed, Docker is not available here"


def test_what_is_lost_comes_before_what_is_open(scorecards):
    text = render(scorecards.open_interval(), RenderOptions())

    assert text.index("Criteria") < text.index("Points to win back: 8 points") < text.index("\nOpen\n")


def test_no_character_of_the_report_itself_needs_more_than_ascii_without_signs(scorecards):
    for name in ("all_passed", "lost_and_partial", "open_interval", "errors_and_people", "bonus_and_penalties"):
        assert render(scorecards.ALL[name](), RenderOptions(width=200, signs=False)).isascii()


def test_colour_changes_nothing_but_the_colour(card):
    plain = render(card, RenderOptions(width=60))
    coloured = render(card, RenderOptions(width=60, color=True))

    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert [line.rstrip() for line in ANSI.sub("", coloured).split("\n")] == plain.split("\n")


def test_learner_text_cannot_steer_the_terminal(scorecards):
    coloured = render(scorecards.hostile(), RenderOptions(color=True))

    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", ANSI.sub("", coloured))
    assert r"\x1b[31mred\x1b]0;title\x07\u202egnp.exe" in render(scorecards.hostile(), RenderOptions(width=2000))
    coloured.encode()


def test_markup_of_rich_is_only_text(scorecards):
    lost = scorecards.check("a", "[bold]A[/bold] :smile:", Status.FAILED, message="[link=https://x.example]x[/link]")
    text = render(scorecards.scorecard(scorecards.criterion("c", "C", lost), passed=False), RenderOptions())

    assert "[bold]A[/bold] :smile:" in text
    assert "[link=https://x.example]x[/link]" in text


def test_a_long_output_is_cut_with_a_note(scorecards):
    lost = scorecards.check(
        "a", "A", Status.FAILED, evidence=(Evidence(path="x", text="\n".join(f"line {n}" for n in range(100))),)
    )
    text = render(scorecards.scorecard(scorecards.criterion("c", "C", lost), passed=False), RenderOptions())

    assert "line 11\n" in text
    assert "line 12\n" not in text
    assert "[88 more lines]" in text


def test_many_places_are_counted(scorecards):
    places = tuple(Evidence(path="x.py", line=n) for n in range(1, 10))
    lost = scorecards.check("a", "A", Status.FAILED, evidence=places)
    text = render(scorecards.scorecard(scorecards.criterion("c", "C", lost), passed=False), RenderOptions())

    assert "x.py:5\n" in text
    assert "x.py:6\n" not in text
    assert "and 4 more places" in text


def test_wide_characters_are_measured_by_their_cells(scorecards):
    passed = scorecards.check("a", "A", Status.PASSED)
    card = scorecards.scorecard(
        scorecards.criterion("c", "日本語の文書", passed), scorecards.criterion("d", "Docs", passed), passed=True
    )
    rows = [line for line in render(card, RenderOptions()).split("\n") if "█" in line]

    assert cell_len(rows[0].partition("█")[0]) == cell_len(rows[1].partition("█")[0])


def test_many_blocked_checks_are_counted(scorecards):
    cause = scorecards.check("a", "A", Status.FAILED)
    waiting = [scorecards.check(f"w{n}", f"W{n}", Status.BLOCKED, blocked_by="a") for n in range(5)]
    card = scorecards.scorecard(scorecards.criterion("c", "C", cause, *waiting), passed=False)

    assert "Blocked by this (50 points): W0; W1; W2; and 2 more\n" in render(card, RenderOptions())
