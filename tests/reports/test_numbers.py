"""All formats show the same numbers."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from infra_grader.model.outcome import Status
from infra_grader.plugin import RenderOptions
from infra_grader.reports import (
    github_report,
    html_report,
    json_report,
    junit_report,
    markdown_report,
    sarif_report,
    terminal_report,
)
from infra_grader.reports._text import number

WIDE = RenderOptions(width=200)
POINTS = r"([0-9.]+) of ([0-9.]+)(?:, up to ([0-9.]+))?"


class PageText(HTMLParser):
    """The text of a page, without its style."""

    def __init__(self):
        super().__init__()
        self.text = ""
        self._skip = False

    def handle_starttag(self, tag, attrs):
        self._skip = tag == "style"

    def handle_data(self, data):
        if not self._skip:
            self.text += data


def page_text(page):
    parser = PageText()
    parser.feed(page)
    return parser.text


def totals(text):
    """Return earned, points and possible as the first sentence with points says them."""
    earned, points, possible = re.search(POINTS, text).groups()
    return earned, possible or earned, points


def junit_properties(card):
    root = ET.fromstring(junit_report.render(card, WIDE))
    return {entry.get("name"): entry.get("value") for entry in root.iter("property")}


def summary(card):
    return github_report.side_files(card, WIDE)["GITHUB_STEP_SUMMARY"]


@pytest.mark.parametrize("report", [terminal_report, markdown_report, html_report, github_report])
def test_reports_for_people_show_the_totals(card, report):
    text = report.render(card, WIDE)
    text = page_text(text) if report is html_report else text
    assert report is not github_report or totals(summary(card)) == totals(text)
    if card.score.possible > card.score.earned:  # the page's title says the certain points only
        text = text[re.search(r"[0-9.]+ of [0-9.]+, up to", text).start() :]

    score = card.score
    assert totals(text) == (number(score.earned), number(score.possible), number(score.points))


def test_json_shows_the_totals(card):
    score = json.loads(json_report.render(card, WIDE))["score"]

    assert [score[key] for key in ("earned", "possible", "points", "bonus", "penalty", "percent")] == [
        pytest.approx(float(value))
        for value in (
            card.score.earned,
            card.score.possible,
            card.score.points,
            card.score.bonus,
            card.score.penalty,
            card.score.percent,
        )
    ]


def test_junit_shows_the_totals(card):
    properties = junit_properties(card)

    assert properties["score.earned"] == number(card.score.earned)
    assert properties["score.possible"] == number(card.score.possible)
    assert properties["score.points"] == number(card.score.points)


def test_sarif_shows_the_totals(card):
    (run,) = json.loads(sarif_report.render(card, WIDE))["runs"]

    for key in ("earned", "possible", "points", "percent"):
        assert run["properties"][key] == pytest.approx(float(getattr(card.score, key)))


def test_every_report_shows_the_points_of_every_criterion(scorecards):
    for name in ("lost_and_partial", "open_interval", "bonus_and_penalties", "errors_and_people"):
        card = scorecards.ALL[name]()
        terminal = terminal_report.render(card, WIDE)
        markdown = markdown_report.render(card, WIDE)
        page = page_text(html_report.render(card, WIDE))
        recorded = json.loads(json_report.render(card, WIDE))["criteria"]
        for criterion, record in zip(card.criteria, recorded, strict=True):
            words = f"{number(criterion.earned)} of {number(criterion.points)}"
            assert re.search(rf"{re.escape(criterion.title)} .*  {re.escape(words)}", terminal)
            assert f"| {criterion.title} | {words}" in markdown.replace("`", "")
            assert words in page
            assert (record["earned"], record["points"]) == (float(criterion.earned), float(criterion.points))


def test_every_report_shows_the_points_of_every_lost_check(scorecards):
    card = scorecards.lost_and_partial()
    properties = junit_properties(card)
    page = page_text(html_report.render(card, WIDE))
    for check in card.all_checks():
        if check.counts:
            words = f"{number(check.earned)} of {number(check.points)}"
            assert properties[f"points.{check.id}"] == words
            assert words in page
    for check_id, winnable in (("limits", "30"), ("source", "25"), ("errors", "10"), ("lint", "7.5")):
        title = next(check.title for check in card.all_checks() if check.id == check_id)
        assert f"\n{winnable} {title}" in terminal_report.render(card, WIDE)
        assert f"- **{winnable}** · {title}" in markdown_report.render(card, WIDE)
        assert f"<b>{winnable}</b> · {title}" in summary(card)
        assert f"title={winnable} points%3A {title}::" in github_report.render(card, WIDE)
        assert re.search(rf"{winnable} points\s+{re.escape(title)}", page)


def test_no_report_but_the_record_shows_what_is_hidden(scorecards):
    card = scorecards.hidden()
    from infra_grader.reports.validate_report import render_validate

    for render in (
        terminal_report.render,
        markdown_report.render,
        html_report.render,
        junit_report.render,
        sarif_report.render,
        render_validate,
    ):
        text = render(card, WIDE)
        assert "SECRET" not in text
        assert "Other inputs work too" in text
    assert "SECRET message" in json_report.render(card, WIDE)
    assert any(check.status is Status.FAILED for check in card.all_checks())
