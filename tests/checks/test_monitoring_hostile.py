"""Hostile files cost the checks that read them, and never end in an error of ours."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_grader.testing import run_check

FORM = {"metrics": ["up"]}
KINDS = [
    ("prometheus.rules", {"path": "f.yml", "labels": ["severity"], "annotations": ["summary"]}, "f.yml"),
    ("prometheus.alerts", {"path": "f.yml", "alerts": [{"title": "Down", "any_of": [FORM]}]}, "f.yml"),
    ("prometheus.config", {"path": "f.yml", "compose": "f.yml", "rule_files": True, "alertmanager": True}, "f.yml"),
    ("prometheus.metrics", {"path": "f.yml"}, "f.yml"),
    ("prometheus.metrics", {"path": "f.json"}, "f.json"),
    ("prometheus.runbooks", {"path": "f.yml"}, "f.yml"),
    ("prometheus.instrumented", {"at_least": 1}, "f.py"),
    ("alertmanager.config", {"path": "f.yml", "channels": ["slack"]}, "f.yml"),
    ("alertmanager.routing", {"path": "f.yml", "apart": ["critical", "warning"], "repeat_at_most": "1h"}, "f.yml"),
    ("alertmanager.inhibition", {"path": "f.yml", "rules": "f.yml"}, "f.yml"),
    ("grafana.dashboards", {"path": "f.json", "units": 1, "variables": 1, "refresh_at_most": 9}, "f.json"),
    ("grafana.dashboards", {"path": "f.yml"}, "f.yml"),
    ("grafana.panels", {"path": "f.json", "panels": [{"title": "Up", "any_of": [FORM]}]}, "f.json"),
    ("grafana.provisioning", {"path": "f.yml", "compose": "f.yml"}, "f.yml"),
    ("logs.pipeline", {"path": "f.conf"}, "f.conf"),
    ("logs.shipper", {"path": "f.yml", "compose": "f.yml"}, "f.yml"),
    ("logs.shipper", {"path": "f.conf"}, "f.conf"),
    ("logs.retention", {"path": "f.yml"}, "f.yml"),
    ("logs.retention", {"path": "f.json"}, "f.json"),
    ("logs.retention", {"path": "f.sh"}, "f.sh"),
    ("logs.kibana", {"path": "f.ndjson"}, "f.ndjson"),
    ("logs.structured", {}, "f.py"),
    ("env.documented", {"path": "f.env"}, "f.env"),
    ("env.valid", {"path": "f.env"}, "f.env"),
]
BOMB = b"a: &a [x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (name, name, b",".join([b"*%c" % (name - 1)] * 8)) for name in range(98, 108)
)
HOSTILE = {
    "empty": b"",
    "blank": b"\r\n \t\r\n",
    "nul": b"a: \0",
    "not utf-8": b"groups:\n  - name: \xff\n",
    "utf-16": "groups: [{name: a, rules: [{alert: A, expr: up == 0}]}]".encode("utf-16"),
    "deep list": b"[" * 50_000,
    "deep dashes": b"- " * 50_000,
    "deep braces": b'{"a":' * 20_000,
    "deep blocks": b"input { a { b => " + b"[" * 20_000,
    "aliases": BOMB,
    "quotes": b'"' * 30_001,
    "one line": b"a " + b"\"'" * 50_000,
    "long query": json.dumps({"panels": [{"type": "graph", "targets": [{"expr": "(" * 50_000}]}]}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize(("kind", "parameters", "name"), KINDS)
def test_hostile_files_fail(kind, parameters, name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    outcome = run_check(kind, parameters, tmp_path, timeout=20)
    assert outcome.status in ("failed", "partial", "passed"), outcome
    assert outcome.status != "passed" or content.startswith(b"\xff\xfe")


@pytest.mark.parametrize(("kind", "parameters", "name"), KINDS)
def test_an_empty_folder_fails(kind, parameters, name, tmp_path):
    outcome = run_check(kind, parameters, tmp_path)
    assert outcome.status == "failed"
    assert outcome.evidence


WORDS = """
groups rules alert expr record for labels annotations name scrape_configs job_name static_configs targets alerting
global alertmanagers rule_files route routes receivers receiver matchers match match_re slack_configs webhook_configs
url api_url inhibit_rules source_match target_match source_matchers target_matchers equal group_by repeat_interval
panels type datasource title templating list query fieldConfig defaults thresholds steps unit rows datasources
providers options path services volumes ports configs networks aliases command image filebeat.inputs output.logstash
hosts clients sources sinks inputs outputs pipeline phases delete actions states transitions compactor limits_config
attributes id kind data references panelsJSON visState
"""
TEXTS = ["up == 0", "severity=critical", "5m", "a", "a:1", "x\ny: z"]
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(TEXTS)
DATA = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS.split()), inner, max_size=5),
    max_leaves=30,
)


@pytest.mark.parametrize(("kind", "parameters", "name"), [item for item in KINDS if item[2].endswith(("yml", "json"))])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=DATA)
def test_any_shape_is_judged(kind, parameters, name, data, tmp_path):
    roots = {"groups": data, "scrape_configs": data, "route": data, "receivers": data, "panels": data, "services": data,
             "datasources": data, "clients": data, "inhibit_rules": data}  # fmt: skip
    for shape in (data, roots):
        (tmp_path / name).write_text(json.dumps(shape), encoding="utf-8")
        assert run_check(kind, parameters, tmp_path).status != "error"
