"""Variables of dashboards get the values that Grafana would give them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from series_there import SeriesThere

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.grafana import parse_dashboards
from infra_grader.reading.grafana_variables import NoValue, Values
from infra_grader.reading.promql_answered import Witness

API = {"job": "api", "instance": "api:8000"}
OTHER = {"job": "api", "instance": "api:8001"}
SERIES = SeriesThere(
    {"__name__": "up", **API},
    {"__name__": "up", **OTHER},
    {"__name__": "http_total", **API, "code": "200"},
    targets=[API, OTHER],
    declared={"predictions": "counter"},
    interval="30s",
)


def filled(text, *variables, series=SERIES):
    data = {"panels": [], "templating": {"list": list(variables)}}
    [board] = parse_dashboards(TextFile("a.json", json.dumps(data)))
    return Values(board, series, Witness(series, ())).fill(text)


def asking(query, name="v", **more):
    return {"name": name, "type": "query", "query": query, **more}


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("rate(x[$__rate_interval])", [], "rate(x[120s])"),
        ("rate(x[${__range}]) / $__range_s", [], "rate(x[3600s]) / 3600"),
        ("x{a='$v'}", [asking("label_values(up, instance)")], "x{a='api:8000'}"),
        (
            "x{a=~'$v'}",
            [asking({"query": "label_values(up, instance)"}, includeAll=True)],
            "x{a=~'(api:8000|api:8001)'}",
        ),
        ("x{a=~'$v'}", [asking("label_values(up, instance)", includeAll=True, allValue=".+")], "x{a=~'.+'}"),
        ("x{a='$v'}", [asking("label_values(job)", current={"value": "gone"})], "x{a='api'}"),
        ("x{a='$v'}", [asking("label_values(up, instance)", current={"value": ["api:8001"]})], "x{a='api:8001'}"),
        ("x{a='$v'}", [asking("label_values(up, instance)", regex="/:(.*)/")], "x{a='8000'}"),
        ("x{a=~'$v'}", [asking("label_values(up, instance)", regex="/((a+)+)$/")], "x{a=~'.*'}"),
        ("x{a=~'$v'}", [asking("label_values(up, instance)", regex="/(?<value>[^:]+):8001/")], "x{a=~'api'}"),
        ("x{a='$v'}", [asking("label_values(up, instance)", regex="/(?<text>api):(?<value>.*)/")], "x{a='8000'}"),
        ("x{a='$v'}", [asking("label_values(up, instance)", regex="/(?<=api:).*(?<!8000)/")], "x{a='api:8000'}"),
        ("[[v]]", [asking("metrics(http.*)")], "http_total"),
        ("x{a=~'$v'}", [asking("query_result(up)")], "x{a=~'.*'}"),
        ("x{a=~'$v'}", [asking("label_values(predictions_total, model)")], "x{a=~'.*'}"),
        ("x{a='$v', b=\"a-${v}\", c!='$v'}", [asking("query_result(up)")], "x{a=~'.*', b=~\"a-.*\", c!='.*'}"),
        ("x{a='$v'}", [asking("label_values(up, job)", includeAll=True, allValue=".*")], "x{a='.*'}"),
        ("x{a=~'.*$v'}", [{"name": "v", "type": "textbox", "query": "", "current": {"value": ""}}], "x{a=~'.*'}"),
        ("topk($v, x)", [{"name": "v", "type": "custom", "query": "five : 5, ten : 10"}], "topk(5, x)"),
        ("rate(x[$v])", [{"name": "v", "type": "interval", "query": "auto,1m,5m"}], "rate(x[120s])"),
        ("$v", [{"name": "v", "type": "constant", "query": "up"}], "up"),
        ("x{a=~'$v'}", [{"name": "v", "type": "custom", "query": "a.b,c", "includeAll": True}], r"x{a=~'(a\\.b|c)'}"),
        ('label_replace(x, "a", "$1", "b", "(.*)")', [], 'label_replace(x, "a", "$1", "b", "(.*)")'),
        (
            "$w",
            [asking("label_values(up, job)"), asking('label_values(up{job="$v"}, instance)', "w")],
            "api:8000",
        ),
    ],
)
def test_values_are_those_of_grafana(text, variables, expected):
    assert filled(text, *variables) == expected


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ([], "the variable $v is not defined"),
        ([asking("label_values(node_load1, instance)")], "nobody exports node_load1"),
        ([asking("label_values(up, host)")], "no series has the label host"),
        ([asking('label_values(up{job="$v"}, instance)')], "asks for itself"),
        ([asking("label_values(up, instance)", regex="/nothing/")], "has no value"),
        ([asking("label_values(up(, instance)")], "has no value"),
        (
            [asking("label_values(up == 1, instance)")],
            "the variable $v has no value: Prometheus refuses it: this is no",
        ),
    ],
)
def test_a_variable_without_a_value_is_told(variables, reason):
    with pytest.raises(NoValue, match=r".*") as caught:
        filled("x{a='$v'}", *variables)
    assert reason in str(caught.value)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=20))
def test_any_text_is_filled_in_or_said_to_have_no_value(text, query, regex):
    try:
        found = filled(f"{text} $v", asking(query, regex=regex))
    except NoValue:
        return
    assert isinstance(found, str)
