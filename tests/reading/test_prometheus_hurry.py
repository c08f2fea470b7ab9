"""Shortened files of Prometheus: the times are shorter, and nothing else is changed."""

from __future__ import annotations

import json

import pytest

from infra_grader.reading.prometheus_hurry import hurried_config, hurried_rules

CONFIG = """
global: {scrape_interval: 15s, scrape_timeout: 10s, external_labels: {cluster: local}}
alerting: {alertmanagers: [{static_configs: [{targets: ["bell:9093"]}]}]}
rule_files: [rules/*.yml]
scrape_configs:
  - {job_name: api, scrape_interval: 1m, scrape_timeout: 30s, static_configs: [{targets: ["api:5000", "Gone:80"]}]}
  - {job_name: often, scrape_interval: 1s, static_configs: [{targets: ["api:5000"], labels: {tier: one}}]}
"""
RULES = """
groups:
  - name: one
    interval: 5m
    rules:
      - {alert: Slow, expr: "rate(x[5m]) > 1", for: 10m, keep_firing_for: 1h, labels: {severity: critical}}
      - {alert: Quick, expr: x > 1, for: 1s}
      - {record: sum, expr: sum(x)}
"""


def test_everything_is_asked_more_often():
    config = json.loads(hurried_config(CONFIG, 3))
    assert config["global"] == {
        "scrape_interval": "3s",
        "evaluation_interval": "3s",
        "external_labels": {"cluster": "local"},
    }
    first, second = config["scrape_configs"]
    assert first["scrape_interval"] == "3s"
    assert "scrape_timeout" not in first  # it may not be longer than the interval
    assert second["scrape_interval"] == "1s"
    assert config["rule_files"] == ["rules/*.yml"]
    assert config["alerting"]["alertmanagers"][0]["static_configs"] == [{"targets": ["bell:9093"]}]


def test_targets_that_are_not_there_are_left_out():
    first, second = json.loads(hurried_config(CONFIG, 3, frozenset({"gone"})))["scrape_configs"]
    assert first["static_configs"] == [{"targets": ["api:5000"]}]
    assert second["static_configs"] == [{"targets": ["api:5000"], "labels": {"tier": "one"}}]


def test_alerts_wait_shorter_and_ask_the_same():
    (group,) = json.loads(hurried_rules(RULES, 3))["groups"]
    slow, quick, record = group["rules"]
    assert "interval" not in group
    assert slow == {"alert": "Slow", "expr": "rate(x[5m]) > 1", "for": "3s", "labels": {"severity": "critical"}}
    assert quick["for"] == "1s"
    assert record == {"record": "sum", "expr": "sum(x)"}


@pytest.mark.parametrize("text", ["", "[1, 2]", "a: [", "x"])
def test_what_is_no_configuration_is_refused(text):
    with pytest.raises(ValueError, match=r"[a-z]"):
        hurried_config(text, 3)
    with pytest.raises(ValueError, match=r"[a-z]"):
        hurried_rules(text, 3)


def test_odd_parts_are_left_to_prometheus():
    text = "global: 3\nscrape_configs: [1, {scrape_interval: soon, static_configs: [2]}]\n"
    config = json.loads(hurried_config(text, 3, frozenset({"gone"})))
    assert config["scrape_configs"] == [1, {"scrape_interval": "soon", "static_configs": [2]}]
    assert json.loads(hurried_rules("groups: [1, {rules: [2, {for: soon}]}]", 3)) == {
        "groups": [1, {"rules": [2, {"for": "soon"}]}]
    }
