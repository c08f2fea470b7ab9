from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.model.outcome import NotAssessed
from infra_grader.reading.prometheus_firing import idle_reason
from infra_grader.reading.promql import PromqlError, read_query
from infra_grader.reading.promql_question import Form, asks, facts_of, pair_off


def test_a_query_is_read_into_its_parts():
    query = read_query('sum by (job) (rate(http_requests_total{status=~"5.."}[5m])) / 2 > 5 / 100 # up == 0')
    assert query.metrics == ["http_requests_total"]
    assert query.functions == {"sum", "rate"}
    assert [(made.operator, made.number) for made in query.comparisons] == [(">", 0.05)]
    selector = query.selectors[0]
    assert selector.range_s == 300
    assert [matcher.admits("503") for matcher in selector.matchers] == [True]
    assert [matcher.admits("200") for matcher in selector.matchers] == [False]


def test_what_stands_in_texts_and_comments_is_no_metric():
    assert read_query('label_replace(up, "a", "http_requests_total", "b", "node_load1") # node_load5').metrics == ["up"]


def test_a_name_may_be_given_as_a_label():
    assert read_query('{__name__="up", job="a"} == 0').metrics == ["up"]
    assert read_query('{__name__=~"up.*"}').metrics == []


def test_sides_may_be_swapped_and_numbers_calculated():
    [made] = read_query("1024 ^ 2 * 10 >= node_memory_MemFree_bytes").comparisons
    assert (made.operator, made.number) == ("<=", 10 * 1024**2)


@pytest.mark.parametrize(
    "text",
    ["", "up ==", "rate(up)", "sum(", "x[5m", "nosuchfunction(up)", "\0", "\ud800", "x" * 30_000],
)
def test_what_is_no_query_says_why(text):
    with pytest.raises(PromqlError) as caught:
        read_query(text)
    assert str(caught.value)


@pytest.mark.parametrize(
    "text", ["(" * 9999 + "x", "-" * 9999 + "x", "x" + "+x" * 9000, "abs(" * 4000 + "x", "x" + "[1m" * 5000]
)
def test_deep_queries_are_refused_before_they_end_the_process(text):
    with pytest.raises(PromqlError, match="more than"):
        read_query(text)


@given(st.text(max_size=200) | st.text(alphabet="abc(){}[]=~\"'`#0519m,+-*/%^<>!@ ", max_size=200))
def test_any_text_is_a_query_or_says_why(text):
    try:
        read_query(text)
    except PromqlError:
        pass


def test_without_the_parser_nothing_is_assessed(monkeypatch):
    monkeypatch.setitem(sys.modules, "promql_parser", None)
    read_query.cache_clear()
    with pytest.raises(NotAssessed) as caught:
        read_query("up")
    assert "infra-grader[prometheus]" in caught.value.remedy


def test_a_hostile_pattern_is_tried_in_no_time():
    query = read_query('up{a=~"(a*)*(a*)*(a*)*b"}')
    assert not query.selectors[0].matchers[0].admits("500")


@pytest.mark.parametrize(
    "text",
    [
        "up == 0", "absent(up)", "count(up == 0) > 1", "1 - avg(x) > 0.8", "a > b", "a unless b", "(up == 0)",
        "predict_linear(node_filesystem_avail_bytes[1h], 3600) < 0", "rate(x[5m]) > 0", "up == 0 and on (job) x",
        "min by (a) (up) == 0 or absent(up)", "avg(data_drift_score) > -1",
        "up == 0 and on (job) up == 1", "x > 5 and y < 3", "x > 1 and x < 9", "x >= 5 and x <= 5",
        "x > 0 and hour() > 8",
        "x != 1 and x != 2", "(x > bool 3) * (x < bool 1) > -1 and x > 2", "x > 5 and on() vector(1) == 1",
        "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m]))) > 1",
        "histogram_quantile(0.9, rate(x_bucket[5m])) > 1", "histogram_quantile(0.9, sum(rate(x[5m]))) > 1",
        "histogram_quantile(0.9, sum without (instance) (rate(x_bucket[5m]))) > 1",
    ],
)  # fmt: skip
def test_alerts_that_can_fire_and_can_rest(text):
    assert idle_reason(read_query(text)) == ""


@pytest.mark.parametrize(
    "text",
    [
        "vector(1)", "1 == bool 1", "vector(time()) > 0", "up", "sum(up)", "up >= 0", "up > -1", "up < 0", "up == -1",
        "x == x",
        "up > bool 0", "up == 0 or vector(1)", "x unless x", "x and y", "up or x > 1",
        "x * 0 > 80", "0 * rate(x[5m]) > 1", "x > 85 and on() vector(0) == 1", "x > 3 and vector(1) > 2",
        "up == 0 and up == 1", "x > 5 and y > 1 and x < 3", "x > 5 and x <= 5",
        "histogram_quantile(0.9, sum by (job) (rate(x_bucket[5m]))) > 1",
        "histogram_quantile(0.9, sum(rate(x_bucket[5m]))) > 1",
        "histogram_quantile(0.9, sum without (le) (rate(x_bucket[5m]))) > 1",
        "sum(x > 2 and x < 1) > 5",
    ],
)  # fmt: skip
def test_alerts_that_say_nothing(text):
    assert idle_reason(read_query(text))


def test_recording_rules_are_followed():
    recorded = {"job:errors": read_query('rate(http_requests_total{code="500"}[5m])'), "a": read_query("a + b")}
    facts = facts_of(read_query("job:errors > 0.05"), recorded)
    form = Form(
        metrics=("http_*",), functions=("rate",), selects=("500",), leaves_out=("200",), compares=("> 0.01 to 0.1",)
    )
    assert asks(facts, form)
    assert not asks(facts_of(read_query("job:errors > 0.5"), recorded), form)
    assert facts_of(read_query("a > 1"), recorded).metrics == {"a", "b"}


@pytest.mark.parametrize("text", ["> x", "5", "=> 3", "> 1 to", ">> 1"])
def test_comparisons_that_cannot_be_read_are_refused(text):
    with pytest.raises(ValueError, match="no comparison"):
        Form(compares=(text,))


def test_pairing_serves_as_many_as_possible():
    fits = {(0, 0), (0, 1), (1, 0)}
    assert pair_off(2, 2, lambda one, other: (one, other) in fits) == [1, 0]
    assert pair_off(2, 0, lambda one, other: True) == [None, None]
