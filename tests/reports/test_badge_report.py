from __future__ import annotations

import json
from decimal import Decimal

import pytest

from infra_grader.plugin import RenderOptions
from infra_grader.reports.badge_report import MAX_LABEL, infra_grader_report_formats, render

KEYS = {"schemaVersion", "label", "message", "color"}


def badge(card):
    return json.loads(render(card, RenderOptions()))


def test_it_is_a_format_for_programs():
    (report,) = infra_grader_report_formats()
    assert (report.name, report.is_machine, report.render) == ("badge", True, render)


def test_every_badge_has_what_the_endpoint_asks_for(card):
    found = badge(card)
    assert found.keys() == KEYS
    assert found["schemaVersion"] == 1
    assert found["label"]
    assert found["message"]
    assert len(found["label"]) <= MAX_LABEL
    assert render(card, RenderOptions()).isascii()


@pytest.mark.parametrize(("passed", "color"), [(True, "brightgreen"), (False, "red"), (None, "yellow")])
def test_its_colour_says_whether_it_passed(scorecards, passed, color):
    card = scorecards.all_passed()
    assert badge(card.replace(score=card.score.replace(passed=passed)))["color"] == color


def test_the_score_is_a_range_while_points_are_open(scorecards):
    card = scorecards.all_passed()
    score = card.score.replace(earned=Decimal("62.50"), possible=Decimal(92), points=Decimal(100), grade=None)
    assert badge(card.replace(score=score))["message"] == "62.5 to 92 of 100"


def test_the_letter_stands_beside_the_score(scorecards):
    card = scorecards.all_passed()
    score = card.score.replace(earned=Decimal(82), possible=Decimal(82), points=Decimal(100), grade="B")
    assert badge(card.replace(score=score))["message"] == "82 of 100 (B)"


def test_a_long_title_is_cut_and_stays_one_line(scorecards):
    card = scorecards.all_passed()
    label = badge(card.replace(rubric=card.rubric.replace(title="A\n\x1b[31m" + "b" * 500)))["label"]
    assert len(label) <= MAX_LABEL
    assert "\n" not in label
    assert "\x1b" not in label
