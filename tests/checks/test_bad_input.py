"""Every file is broken in the way of its kind: each bundled rubric has its say about it, and never falls over it."""

from __future__ import annotations

import json

import pytest

from infra_grader.api import GradeOptions, bundled, grade, load_rubric
from infra_grader.engine.registry import Registry
from infra_grader.model.outcome import Status

TEMPLATED = """\
{{- if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, labels: {{ include "x.labels" . | nindent 4 }}}
spec: {{ toYaml .Values.spec | nindent 2 }}
{{- end }}
"""
ANCHORED = """\
---
---
# nothing but a comment
---
apiVersion: v1
kind: List
items: [&s {apiVersion: v1, kind: Service, metadata: {name: model-api}, spec: &spec {ports: [{port: 80}]}}, *s]
---
apiVersion: serving.example/v1
kind: InferenceService
metadata: {name: model}
spec: {<<: *spec, predictor: 3}
---
apiVersion: apps/v1
kind: Deployment
metadata: [name]
spec: yes
---
null
...
"""
WORKFLOW = """\
on: {push: [main]}
yes: no
name: [ci]
jobs:
  test: &job {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4}, {run: 12}, null, text]}
  build: *job
  bare:
"""
DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG BASE=python:3.11
ARG STAGE=build
FROM ${BASE:-python} AS ${STAGE}
RUN <<EOF
pip install fastapi
USER nobody
EOF
COPY <<-"A" <<B /etc/
one
A
two
B
FROM $BASE
COPY --from=$STAGE /app /app
RUN <<NEVER
ended
"""
HCL = 'resource "aws_vpc" "main" {\n  cidr_block = "10.0.0.0/16"\n\nvariable "x" { default = [1, 2\n'
PROMETHEUS = "global: [15s]\nscrape_configs:\n- job_name: a\n  static_configs: {}\n- 3\nrule_files: [r/*.yml]\n"
RULES = "groups:\n- name: a\n  rules:\n  - alert: [Down]\n    expr: sum(rate(\n    for: 5 minutes\n  - null\n- 3\n"
COMPOSE = "services:\n  app: &a\n    image: ${IMAGE:?}\n    depends_on: {db: }\n  db: [*a]\n  none:\nvolumes: 3\n"
PYTHON = "from fastapi import FastAPI\n\napp = FastAPI(\n\ndef broken(:\n"
CHART = "apiVersion: v2\nname: model\nversion: 1\ndependencies:\n- {name: redis, version: 1.x, repository: 'https://x.invalid'}\n"

FILES: dict[str, str | bytes] = {
    "Dockerfile": DOCKERFILE,
    ".dockerignore": b"\xff\xfe*\x00.\x00",
    "docker-compose.yml": COMPOSE,
    "README.md": "# A\r\n\r\n```\r\nnever closed\r\n\r\n## B\r\n".encode("utf-16"),
    "requirements.txt": "fastapi==\nflask @ \n-r missing.txt\n--nonsense\n\x00\n",
    "pyproject.toml": "[project\nname = 3\n",
    "params.yaml": "train: &t\n  <<: *t\n",
    "dvc.yaml": "stages:\n  train: [cmd]\n  evaluate: {cmd: , deps: 3}\n",
    "dvc.lock": "stages: {train: {outs: [{path: }]}}",
    ".env.example": b"A=1\r\nB\r\n=C\r\n\xff\xfe=\r\n",
    "data/raw.csv": b"\x80\x81,\n",
    "docs/ARCHITECTURE.md": b"\xff\xfe\xff",
    "docs/API.md": "",
    "src/app.py": PYTHON,
    "src/model.py": b"x = '\xff'\n",
    "src/train.py": "(" * 20_000,
    "tests/test_app.py": "def test_a():\n\tassert 1\n        assert 2\n",
    "app/main.py": "import os\r\nfrom prometheus_client import Counter\r\nCounter(*os.environ)\r\n",
    "kubernetes/deployment.yaml": TEMPLATED,
    "kubernetes/all.yaml": ANCHORED.replace("\n", "\r\n"),
    "kubernetes/service.yaml": ANCHORED.encode("utf-16"),
    "kubernetes/hpa.yaml": b"apiVersion: v1\nkind: \xff\xfe\n",
    "kubernetes/kustomization.yaml": "resources: [deployment.yaml, missing.yaml, ../..]\npatches: {}\n",
    "helm/model/Chart.yaml": CHART,
    "helm/model/values.yaml": "replicas: {{ 3 }}\n",
    "helm/model/templates/deployment.yaml": TEMPLATED,
    "helm/model/templates/_helpers.tpl": '{{ define "x.labels" }}\n',
    "prometheus/prometheus.yml": PROMETHEUS,
    "prometheus/rules/alerts.yml": RULES,
    "monitoring/prometheus/alerts.yml": RULES.encode("utf-16"),
    "alertmanager/alertmanager.yml": "route: {receiver: [a], routes: {}}\nreceivers: null\n",
    "grafana/dashboards/large.json": b'{"panels": [' + b'{"targets": [{"expr": "up"}]},' * 350_000 + b"{}]}",
    "grafana/dashboards/deep.json": "[" * 50_000,
    "grafana/dashboards/odd.json": '{"panels": [{"targets": [{"expr": 3}, null]}, "x"], "templating": []}',
    "logstash/logstash.conf": "input { beats { port => } \nfilter { grok { match => [ } }\n",
    "terraform/main.tf": HCL,
    "terraform/variables.tf": b'variable "a" \xff {}\n',
    ".github/workflows/ci.yml": WORKFLOW,
    ".github/workflows/deploy.yaml": "on:\n\tpush:\njobs: {}\n",
    "airflow/dags/pipeline.py": PYTHON,
    "great_expectations/expectations/suite.json": '{"expectations": [{"expectation_type": 3}, null]',
}
SPEAKS = ("Traceback", "RecursionError", "object has no attribute", "object is not", "0x7f")


@pytest.fixture(scope="module")
def submission(tmp_path_factory):
    """Return a folder in which nothing is as it should be."""
    folder = tmp_path_factory.mktemp("hostile")
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
    assert (folder / "grafana/dashboards/large.json").stat().st_size > 10_000_000
    return folder


def unchained(rubric):
    """Return the rubric with every check that reads files asked, whatever became of those that it needs."""
    registry = Registry()

    def free(check):
        return check if "sandbox" in registry.find_kind(check.uses).capabilities else check.replace(needs=())

    criteria = tuple(item.replace(checks=tuple(map(free, item.checks))) for item in rubric.criteria)
    return rubric.replace(criteria=criteria)


@pytest.fixture(scope="module")
def judged(submission):
    """Return what each bundled rubric finds, by its id."""
    options = GradeOptions(sandbox="none", needs_commit=False)
    return {name: grade(submission, unchained(load_rubric(name)), options=options) for name in bundled()}


@pytest.mark.parametrize("rubric_id", sorted(bundled()))
def test_a_rubric_judges_broken_files_without_falling_over(rubric_id, judged):
    card = judged[rubric_id]

    assert [(check.id, check.uses, check.message) for check in card.all_checks() if check.status is Status.ERROR] == []
    for check in card.all_checks():
        said = f"{check.message} {json.dumps([piece.text for piece in check.evidence])}"
        assert not [words for words in SPEAKS if words in said], check.id
    assert card.score.earned <= card.score.points / 4


@pytest.mark.parametrize(
    "path",
    [
        "Dockerfile",
        ".github/workflows/deploy.yaml",
        "docker-compose.yml",
        "kubernetes/hpa.yaml",
        "prometheus/prometheus.yml",
        "prometheus/rules/alerts.yml",
        "src/app.py",
        "terraform/main.tf",
    ],
)
def test_what_cannot_be_read_is_named_with_a_line(path, judged):
    found = {(piece.path, piece.line) for card in judged.values() for c in card.all_checks() for piece in c.evidence}

    assert any(where == path and line for where, line in found)
