from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.compose import read_compose
from infra_grader.reading.prometheus_config import read_config
from infra_grader.reading.prometheus_files import seconds
from infra_grader.reading.prometheus_rules import read_rules, template_fault
from infra_grader.reading.prometheus_stack import stack_of


def file(text: str, path: str = "a.yml") -> TextFile:
    return TextFile(path, text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("15s", 15),
        ("1h30m", 5400),
        ("0", 0),
        (0, 0),
        ("250ms", 0.25),
        ("5", None),
        ("", None),
        (None, None),
        ("1 m", None),
    ],
)
def test_spans_of_time(text, meant):
    assert seconds(text) == meant


RULES = "groups: [{name: a, rules: [{alert: A, expr: up == 0, for: 5m}]}]"


def test_rules_are_found_in_helm_values():
    [rule] = read_rules(file(f"prometheus:\n  serverFiles:\n    alerting_rules.yml:\n      {RULES}\n")).rules
    assert (rule.name, rule.for_s, rule.line) == ("A", 300, 4)


def test_rules_of_a_text_inside_an_object_keep_their_lines():
    text = f"kind: ConfigMap\ndata:\n  other: |\n    a: b\n    c: d\n  a.yml: |\n    # first\n    {RULES}\n"
    [rule] = read_rules(file(text)).rules
    assert rule.line == 8


def test_alerts_of_grafana_itself_are_no_rules_of_prometheus():
    assert read_rules(file("groups: [{name: a, rules: [{uid: x, data: [1]}]}]")).found == ()


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("{alert: A, record: b, expr: up}", "either"),
        ("{expr: up == 0}", "either"),
        ("{alert: A, expr: up == 0, fro: 5m}", "no field `fro`"),
        ("{record: a b, expr: up}", "no name of a metric"),
        ("{record: a, expr: up, for: 5m}", "no `for`"),
        ("{alert: A, expr: up == 0, for: five}", "no span of time"),
        ("{alert: A, expr: up == 0, labels: {a-b: c}}", "no name of a label"),
        ("{alert: A, expr: up == 0, labels: [a]}", "is a mapping"),
        ("{alert: A, expr: up == 0, annotations: {a: '{{ $value '}}", "without closing"),
        ("{alert: A, expr: }", "cannot be read"),
    ],
)
def test_faults_of_a_rule(rule, fault):
    [found] = read_rules(file(f"groups: [{{name: a, rules: [{rule}]}}]")).rules
    assert any(fault in text for text in found.faults), found.faults


@pytest.mark.parametrize(
    "text",
    [
        "plain", "{{ $labels.instance }} is down", '{{ $value | humanize }} of {{ printf "%.2f" $value }}',
        "{{ if gt $value 1.0 }}a{{ else }}b{{ end }}", '{{ range query "up" }}{{ .Labels.job }}{{ end }}',
        "{{- $value | humanizePercentage -}}", "{{/* a comment with words */}}",
    ],
)  # fmt: skip
def test_templates_that_prometheus_knows(text):
    assert template_fault(text) == ""


def test_groups_have_names_of_their_own():
    faults = read_rules(
        file("groups: [{name: a, rules: [{alert: A, expr: x > 1}]}, {name: a, rules: []}, {rules: []}, 5]")
    ).faults
    assert [fault for _, fault in faults] == [
        "the group a is there twice", "a group has no name", "a group is a mapping with `name` and `rules`",
    ]  # fmt: skip


def test_a_configuration_and_its_faults():
    config = read_config(
        file(
            "global: {scrape_interval: 15s}\nscrape_configs:\n"
            "  - {job_name: a, scrape_timeout: 1m, static_configs: [{targets: ['a:1', 'b:2']}]}\n"
            "  - {job_name: a, kubernets_sd_configs: [{role: pod}]}\n"
            "  - {job_name: c, relabel_configs: [{source: x}], static_configs: [{targets: ['http://x/']}]}\n"
        )
    )
    assert [job.interval_s for job in config.jobs] == [15, 15, 15]
    assert [target.port for target in config.jobs[0].targets] == ["1", "2"]
    assert {fault for _, _, fault in config.faults} == {
        "the timeout is longer than the interval",
        "the job a is there twice",
        "a job has no setting `kubernets_sd_configs`",
        "a step of `relabel_configs` has no `source`",
    }


def test_a_stack_knows_names_ports_and_mounts(tmp_path):
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/compose.yml").write_text(
        "include: [logs.yml]\n"
        "services:\n"
        "  api: {build: ., container_name: the-api, ports: ['${PORT:-8080}:5000', '127.0.0.1:9000:9001/tcp', 7000]}\n"
        "  prom:\n"
        "    extends: {file: ../common.yml, service: base}\n"
        "    image: prom/prometheus\n"
        "    command: [--storage.tsdb.retention.time=30d]\n"
        "    volumes: ['data:/prometheus', '/etc/passwd:/x', '../../out:/y']\n"
        "    configs: [{source: rules, target: /rules.yml}]\n"
        "configs: {rules: {file: ./rules.yml}}\n"
    )
    (tmp_path / "docker/logs.yml").write_text("services: {logstash: {image: logstash, hostname: logs}}\n")
    (tmp_path / "common.yml").write_text("services: {base: {volumes: ['./prometheus:/etc/prometheus:ro']}}\n")
    stack = stack_of(read_compose(Workspace(tmp_path), "docker/compose.yml"))
    assert stack.service("logs").path == "docker/logs.yml"
    assert stack.service("the-api").ports == {"8080": "5000", "9000": "9001", "7000": "7000"}
    prom = stack.service("prom")
    assert prom.command == ("--storage.tsdb.retention.time=30d",)
    assert [mount.source for mount in prom.mounts] == ["prometheus", "docker/rules.yml"]
    assert prom.find("/etc/prometheus/rules/a.yml") == "prometheus/rules/a.yml"
    assert prom.find("/rules.yml") == "docker/rules.yml"
    assert prom.find("/etc/prometheus2/a") == ""


WORDS = """
groups rules alert expr record labels annotations for name scrape_configs static_configs targets alerting alertmanagers
rule_files global services ports volumes relabel_configs
"""
YAMLISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS.split()), inner, max_size=4),
    max_leaves=20,
)


@given(st.text(max_size=200) | YAMLISH.map(json.dumps))
def test_any_text_is_read_or_fails_as_the_learners(text):
    for read in (read_rules, read_config):
        try:
            read(file(text))
        except CheckFailed:
            pass
