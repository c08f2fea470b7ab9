"""Whether a query has an answer, may have one, or never will."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from series_there import SeriesThere, scraped

from infra_grader.reading.promql_answered import STATES, Witness, interval_s

API = {"job": "api", "instance": "api:8000"}
SERIES = SeriesThere(
    {"__name__": "requests_total", **API, "path": "/", "status": "200"},
    {"__name__": "in_flight", **API},
    {"__name__": "up", **API},
    {"__name__": "up", "job": "node", "instance": "node:9100"},
    {"__name__": "node_load1", "job": "node", "instance": "node:9100"},
    {"__name__": "go_goroutines", "job": "node", "instance": "node:9100"},
    targets=[API, {"job": "node", "instance": "node:9100"}],
    declared={"predictions": "counter", "wait_seconds": "histogram", "drift": "gauge"},
    rules={"job:requests": "sum(predictions_total)", "job:wrong": "sum(strange)", "round": "round", "Down": "up == 0"},
    empty=["in_flight - requests_total", "rate(requests_total[20s])"],
)
CADVISOR = scraped({"job": "cadvisor", "instance": "cadvisor:8080"}, "15s")


def judged(text, series=SERIES, absent=(CADVISOR,)):
    return Witness(series, absent).judge(text)


@pytest.mark.parametrize(
    "text",
    [
        "sum by (path) (rate(requests_total[5m]))", 'in_flight{job="api"}', "strange or in_flight",
        "in_flight unless strange",
        "time() - in_flight", '{job="api"}', "topk(3, requests_total)", "in_flight offset 1m",
        'label_replace(in_flight, "route", "$1", "job", "(.*)")',
        'sum by (route) (label_replace(in_flight, "route", "$1", "job", "(.*)"))',
    ],
)  # fmt: skip
def test_what_has_series_shows(text):
    assert judged(text).state == "shows"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'sum(rate(requests_total{status=~"5.."}[5m])) or vector(0)',
            'no series of requests_total has status=~"5.." yet',
        ),
        ('requests_total{status=~"5.."} / in_flight', 'has status=~"5.." yet'),
        ("rate(predictions_total[5m])", "predictions_total is exported, and has no series yet"),
        ('predictions_total{job="api", model="x"}', "is exported, and has no series yet"),
        ("histogram_quantile(0.9, rate(wait_seconds_bucket[5m]))", "wait_seconds_bucket is exported"),
        ("drift > 0.5", "drift is exported"),
        ("job:requests", "the rule of job:requests has made no series yet"),
        ('ALERTS{alertstate="firing"}', "no alert is raised yet"),
        ('requests_total{code!~"4.."} and drift', "drift is exported"),
    ],
)
def test_what_may_have_series_waits(text, said):
    found = judged(text)
    assert (found.state, said in found.said) == ("waits", True), found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("requests_count", "nobody exports requests_count"),
        ("request_total", "nobody exports request_total; there is requests_total"),
        ("sum(strange) or vector(0)", "nobody exports strange"),
        ("in_flight / strange", "nobody exports strange"),
        ('requests_total{job="web"}', 'no target with job="web" exports requests_total'),
        ('drift{job="node"}', 'no target with job="node" exports drift; job is api'),
        ('node_load1{instance="api:8000"}', 'no target with instance="api:8000" exports node_load1'),
        ('requests_total{code=~"5.."}', "no series of requests_total has the label code"),
        ("sum by (route) (requests_total)", "no series has the label route"),
        ("avg(wait_seconds)", "wait_seconds is a histogram, whose series are wait_seconds_bucket"),
        ("job:wrong", "the rule of job:wrong makes nothing: nobody exports strange"),
        ("round", "nobody exports round"),
        ('{job="web"}', "no series is selected"),
        ("in_flight - requests_total", "the sides of an operator share no labels"),
        ("rate(requests_total[20s])", "within 20 s there are no two samples, as one comes every 15 s"),
        ("node_lod1", "nobody exports node_lod1; there is node_load1"),
        ("rate(refused[5m])", "Prometheus refuses it: as the test says"),
        ("sum(", "Prometheus refuses it: "),
    ],
)
def test_what_will_never_have_series_is_told(text, said):
    found = judged(text)
    assert (found.state, said in found.said) == ("never", True), found


def test_what_asks_for_no_series_is_not_judged():
    assert [judged(text) for text in ("vector(1)", "time()", "absent(strange)", "1 + 1")] == [None] * 4


def test_exporters_that_were_not_started_are_left_out():
    assert judged("container_last_seen").state == "aside"
    assert judged("container_last_seen", absent=()).state == "never"
    assert judged("node_hwmon_temp_celsius").state == "aside"


@pytest.mark.parametrize(
    ("name", "target", "state"),
    [
        ("pg_stat_activity_count", {"job": "db", "instance": "postgres-exporter:9187"}, "aside"),
        ("kube_pod_info", {"job": "kube-state-metrics", "instance": "ksm:8080"}, "aside"),
        ("redis_up", {"job": "cadvisor", "instance": "cadvisor:8080"}, "never"),
        ("container_last_seen", {"job": "redis", "instance": "redis-exporter:9121"}, "never"),
        ("python_info", {"job": "cadvisor", "instance": "cadvisor:8080"}, "never"),
    ],
)
def test_an_exporter_that_was_not_started_excuses_its_own_metrics_alone(name, target, state):
    assert judged(name, absent=[scraped(target, "15s")]).state == state


def test_an_exporter_from_which_the_machine_is_kept_is_no_fault_of_the_learner():
    node = next(one for one in SERIES.targets if one.job == "node")
    assert judged("rate(node_cpu_seconds_total[5m])").state == "never"
    assert Witness(SERIES, (), [node]).judge("rate(node_cpu_seconds_total[5m])").state == "aside"
    assert Witness(SERIES, (), [node]).judge("redis_up").state == "never"


def test_a_name_that_prometheus_made_of_a_rule_before_may_come_again():
    series = SeriesThere(
        {"__name__": "requests_total", **API},
        {"__name__": "ALERTS", "alertname": "Slow", "job": "node", "alertstate": "firing"},
        targets=[API],
        declared={"errors": "counter"},
        rules={"Down": "up == 0", "job:errors": "sum(rate(errors_total[5m])) > 0"},
    )
    series.names |= {"job:errors"}
    for text in ('ALERTS{job="api"}', 'ALERTS{severity="page"}', "job:errors"):
        assert judged(text, series).state == "waits", text


def test_a_histogram_of_an_exporter_that_runs_is_no_excuse():
    assert judged("go_gorutines").state == "never"


def test_the_slowest_target_says_how_often_samples_come():
    assert interval_s([scraped(API, "15s"), scraped(API, "1m")]) == 60.0
    assert interval_s([scraped(API, ""), scraped(API, "often")]) == 15.0


@given(st.text(max_size=60) | st.sampled_from(["in_flight", "rate(x[5m])"]).map(lambda text: f"({text}) {text}"))
def test_any_text_is_judged(text):
    found = judged(text)
    assert found is None or found.state in STATES
