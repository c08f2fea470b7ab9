"""Queries are for the data sources that they name by uid, name or variable."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.grafana import parse_dashboards
from infra_grader.reading.grafana_query import is_promql
from infra_grader.reading.grafana_sources import parse_sources, read_sources, with_types

GIVEN = """
apiVersion: 1
datasources:
  - {name: Prometheus, type: prometheus, uid: metrics, isDefault: true}
  - {name: Loki, type: loki}
  - {name: Broken}
"""
TYPES = dict(parse_sources(TextFile("grafana/provisioning/datasources/all.yml", GIVEN)))


def is_asked_of_prometheus(source):
    panel = {"type": "stat", "datasource": source, "targets": [{"expr": 'rate({app="api"}[5m])'}]}
    variables = [{"name": name, "type": "datasource", "query": name} for name in ("loki", "prometheus")]
    data = {"panels": [panel], "templating": {"list": variables}}
    [board] = parse_dashboards(TextFile("a.json", json.dumps(data)))
    return is_promql(with_types(board, TYPES).panels[0].targets[0])


@pytest.mark.parametrize("source", [{"uid": "metrics"}, "Prometheus", None, "default", {"uid": "$prometheus"}, "else"])
def test_a_query_for_prometheus_is_known_by_its_source(source):
    assert is_asked_of_prometheus(source)


@pytest.mark.parametrize("source", [{"uid": "P8E80F9AEF21F6940"}, "Loki", {"uid": "${loki}"}, {"type": "loki"}])
def test_a_query_for_another_source_is_known_by_its_source(source):
    assert not is_asked_of_prometheus(source)


def test_a_file_without_a_default_leaves_open_which_it_is():
    found = dict(parse_sources(TextFile("a.yml", "datasources: [{name: Logs, type: loki, uid: a}]")))
    assert found == {"a": "loki", "Logs": "loki"}


def test_a_broken_file_is_told():
    with pytest.raises(CheckFailed):
        list(parse_sources(TextFile("a.yml", "datasources: [")))


@pytest.mark.parametrize(
    "path", ["datasources.yaml", "grafana/provisioning/datasources/loki.yml", "a/datasource/b/c.yml"]
)
def test_files_are_found_where_grafana_has_them(tmp_path, path):
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(GIVEN)
    (tmp_path / "datasource-broken.yml").write_text("datasources: [")
    context = SimpleNamespace(workspace=Workspace(tmp_path), shared=lambda _, make: make())
    assert read_sources(context) == TYPES
