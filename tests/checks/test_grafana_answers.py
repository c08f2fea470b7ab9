"""What comes of the panels that were asked, without a Prometheus."""

from __future__ import annotations

import json
from fractions import Fraction
from types import SimpleNamespace

import pytest
from series_there import SeriesThere

from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.checks.grafana.answers import Answers, Judged, _judge, _outcome, _unstarted
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.reading.compose_hosts import Hosts
from infra_grader.reading.grafana import parse_dashboards
from infra_grader.reading.promql_answered import Finding

NODE = {"job": "node", "instance": "node-exporter:9100"}
SERIES = SeriesThere(
    {"__name__": "up", **NODE}, {"__name__": "node_scrape_collector_success", **NODE}, targets=[NODE], interval="15s"
)
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


def test_what_is_left_out_excuses_a_quarter_of_the_panels_at_most():
    left = [panel("aside")] * 8
    assert outcome(*[panel("shows")] * 12, *left, panels=16).fraction == 1
    assert outcome(*[panel("shows")] * 6, *left, panels=16).fraction == Fraction(1, 2)


def board(*queries, **source):
    panels = [{"type": "stat", "datasource": source, "targets": [query]} for query in queries]
    [found] = parse_dashboards(TextFile("b.json", json.dumps({"panels": panels})))
    return found


def judge(*queries, blind=(), **source):
    known = Hosts(started={"node-exporter": "node"}, left_out=frozenset(), blind=frozenset(blind))
    return list(_judge(board(*queries, **source), SERIES, known))


def test_a_question_is_the_same_whatever_it_is_multiplied_by():
    assert len(judge(*({"expr": f"up * {number}"} for number in range(16)))) == 1


def test_panels_that_ask_others_or_for_no_series_are_left_out():
    others = [panel for query in ({"expr": "vector(1)"}, {"query": "level:ERROR"}) for panel in judge(query)]
    assert [one.is_aside for one in others] == [True, True]
    assert outcome(*[panel("shows")] * 6, *others, panels=8).fraction == 1
    with pytest.raises(CheckFailed, match="No panel finds data"):
        outcome(*others)


def test_an_exporter_that_cannot_see_the_machine_is_left_out():
    query = {"expr": "node_memory_MemAvailable_bytes"}
    assert [one.is_aside for one in (*judge(query), *judge(query, blind=["node"]))] == [False, True]


@pytest.mark.parametrize(("built", "expected"), [([], set()), (["node-exporter"], {"drift_score"})])
def test_metrics_of_a_program_of_the_submission_that_was_not_started_are_left_out(tmp_path, built, expected):
    code = "from prometheus_client import Gauge\nDRIFT = Gauge('drift_score', '')\nDRIFT.set(1)\n"
    (tmp_path / "exporter.py").write_text(code)
    starter = SimpleNamespace(text=lambda _: None)
    workspace = Workspace(tmp_path)
    context = SimpleNamespace(workspace=workspace, shared=lambda _, make: make(), starter=starter)
    known = Hosts(started={}, left_out=frozenset(built), left_built=frozenset(built))
    assert _unstarted(context, SERIES, known) == expected
    [found] = _judge(board({"expr": "drift_score"}), SERIES, known, expected)
    assert found.is_aside is bool(expected)
