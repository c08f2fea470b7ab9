from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.grafana import parse_dashboards
from infra_grader.reading.grafana_query import is_promql, panel_queries


def boards(data: object, path: str = "a.json"):
    return parse_dashboards(TextFile(path, data if isinstance(data, str) else json.dumps(data)))


def panel(expr: str, **more):
    return {"type": "graph", "title": "t", "targets": [{"expr": expr}], **more}


def test_panels_are_found_wherever_they_are():
    [board] = boards(
        {
            "panels": [panel("a"), {"type": "row", "panels": [panel("b"), {"type": "row", "panels": [panel("c")]}]}],
            "rows": [{"panels": [panel("d")]}],
        }
    )
    assert sorted(target.text for item in board.panels for target in item.targets) == ["a", "b", "c", "d"]


def test_a_dashboard_in_a_configmap_is_read():
    text = (
        "kind: ConfigMap\ndata:\n  a.json: |\n    "
        + json.dumps({"title": "T", "panels": [panel("up")]})
        + "\n  b.txt: no\n"
    )
    assert [board.title for board in boards(text, "a.yaml")] == ["T"]


@pytest.mark.parametrize(
    "text",
    [
        "rate(x[$__rate_interval])", 'x{a=~"$node"}', "rate(x[${__range}])", "topk($node, x)", "x offset $node",
        "sum by ($node) (x)", "rate(${node:raw}_total[5m])", "[[node]] > 1", "x / $__range_s",
        "avg_over_time(x[$node:1m])",
        'label_replace(x, "a", "$1", "b", "(.*)")',
    ],
)  # fmt: skip
def test_variables_stand_for_what_fits(text):
    data = {"panels": [panel(text)], "templating": {"list": [{"name": "node", "type": "query", "query": "x"}]}}
    [item] = panel_queries(boards(data)[0])
    assert item.query is not None, item.problem


def test_queries_for_other_sources_are_no_promql():
    loki = panel('{app="x"} |= "error"', datasource={"type": "loki"})
    by_uid = {**panel("up"), "datasource": {"uid": "prom"}}
    [item] = panel_queries(boards({"panels": [loki, by_uid]})[0])
    assert item.target.text == "up"


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"panels": 5}', '{"dashboard": {}}', "{", "[" * 100_000, '{"panels": null}']
)
def test_what_is_no_dashboard_fails(text):
    with pytest.raises(CheckFailed) as caught:
        boards(text)
    assert caught.value.evidence


WORDS = """
panels rows type targets expr datasource title templating list name query fieldConfig defaults thresholds steps unit
yaxes format dashboard
"""
JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS.split()), inner, max_size=5),
    max_leaves=25,
)


@given(JSONISH)
def test_any_json_is_read_or_fails_as_the_learners(data):
    try:
        for board in boards({"panels": data} if isinstance(data, list) else data):
            list(panel_queries(board))
    except CheckFailed:
        pass


@pytest.mark.parametrize(
    ("expr", "source", "expected"),
    [
        ('{app="api"} |= "error"', "P1", False),
        ('sum(count_over_time({app="api"} | json | level="error" [5m]))', "Logs", False),
        ('{app="$app"} |~ "(?i)error"', "", False),
        ('{app="api"} |= "error"', "prometheus", True),
        ('rate({app="api"}[5m])', "P1", True),
        ('x{path="} |= "}', "", True),
        ('rate({app="api"}[5m])', "loki", False),
    ],
)
def test_queries_in_the_language_of_loki_are_not_for_prometheus(expr, source, expected):
    [board] = boards({"panels": [panel(expr, datasource=source)]})
    assert is_promql(board.panels[0].targets[0]) is expected
