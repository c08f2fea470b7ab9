"""What comes of the panels that were asked, without a Prometheus."""

from __future__ import annotations

import json
from fractions import Fraction
from types import SimpleNamespace

import pytest

from infra_grader.capabilities.workspace import TextFile
from infra_grader.checks.grafana.answers import Answers, Judged, _outcome
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.reading.grafana import parse_dashboards
from infra_grader.reading.promql_answered import Finding

PREPARED = SimpleNamespace(compose=SimpleNamespace(path="compose.yaml"))


def panel(*states):
    targets = [{"expr": f"x{number}"} for number in range(len(states))]
    data = {"title": "B", "panels": [{"type": "stat", "title": "P", "targets": targets}]}
    [board] = parse_dashboards(TextFile("b.json", json.dumps(data)))
    findings = tuple(
        (target, Finding(state=state, said=f"because {state}"))
        for target, state in zip(board.panels[0].targets, states, strict=True)
    )
    return Judged(board, board.panels[0], findings)


def outcome(*judged, panels=1):
    return _outcome(Answers(project="up", path="*.json", panels=panels), list(judged), [], PREPARED, "prometheus")


def test_the_share_is_that_of_the_queries_of_each_panel():
    found = outcome(panel("shows"), panel("waits"), panel("never", "shows"), panel("aside"), panel("aside", "never"))
    assert found.fraction == Fraction(5, 8)
    assert "because never" in found.message


def test_panels_that_are_lacking_have_no_data():
    found = outcome(panel("shows"), panel("aside"), panels=5)
    assert found.fraction == Fraction(1, 4)
    assert "there are 1 that ask it for series" in found.message


@pytest.mark.parametrize("judged", [(), (panel("waits"),), (panel("never"), panel("aside"))])
def test_without_any_data_nothing_is_earned(judged):
    with pytest.raises(CheckFailed, match="No panel finds data"):
        outcome(*judged)


def test_panels_that_ask_only_for_what_was_not_started_tell_nothing():
    with pytest.raises(NotAssessed, match="because aside"):
        outcome(panel("aside"))
