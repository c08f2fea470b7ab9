"""A grading on a real cluster, recorded, and its replay without any: sound work, and work with a flaw."""

from __future__ import annotations

import pytest
from records import go_elsewhere, told

from infra_grader.api import GradeOptions, grade

MANIFESTS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: api
          image: python:3.11-slim
          command: [python3, -u, -m, http.server, "8000"]
          workingDir: /usr/local/lib
          ports: [{name: http, containerPort: 8000}]
          readinessProbe: {httpGet: {path: /, port: 8000}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: api}
spec:
  selector: {app: api}
  ports: [{port: 80, targetPort: http}]
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: hunter2hunter}
"""
RUBRIC = """\
schema: infra-grader/rubric/v1
id: replayed
version: 1
title: A service in a cluster
points: 70
pass_mark: 35
criteria:
  - id: live
    title: Live
    points: 70
    checks:
      - {id: app, title: It is applied, uses: kubernetes.apply, with: {manifests: k8s}}
      - {id: up, title: It comes up, uses: kubernetes.rollout, with: {of: app, seconds: 60, stays_s: 0}}
      - {id: endpoints, title: It is found, uses: kubernetes.endpoints, with: {of: app, at_least: 2}, needs: [up]}
      - {id: answers, title: It answers, uses: kubernetes.http, with: {of: app, paths: [/]}, needs: [up]}
      - {id: logs, title: It logs, uses: kubernetes.logs, with: {of: app, matches: ["GET / HTTP"]}, needs: [up]}
      - {id: events, title: Nothing is amiss, uses: kubernetes.events, with: {of: app, seconds: 10}, needs: [up]}
      - id: service
        title: The Service is internal
        uses: kubernetes.resource
        with: {of: app, role: serves, expect: {spec: {type: ClusterIP}}}
"""


@pytest.mark.parametrize(
    ("flaw", "lost"),
    [(("", ""), set()), (("selector: {app: api}\n  ports", "selector: {app: web}\n  ports"), {"endpoints", "answers"})],
    ids=["sound", "selector-that-matches-nothing"],
)
def test_a_replay_without_a_cluster_is_the_same(tmp_path, monkeypatch, kubeconfig, flaw, lost):
    work, rubric, record = tmp_path / "ada", tmp_path / "rubric.yaml", tmp_path / "record"
    (work / "k8s").mkdir(parents=True)
    (work / "k8s" / "app.yaml").write_text(MANIFESTS.replace(*flaw) if flaw[0] else MANIFESTS)
    rubric.write_text(RUBRIC)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    then = grade(work, rubric, options=GradeOptions(record=record, live="kubernetes"))
    assert not any(check.status.is_open for check in then.all_checks()), then
    assert {check.id for check in then.all_checks() if check.is_lost} >= lost
    assert (then.score.earned == 70) == (not lost), then
    go_elsewhere(monkeypatch, tmp_path)

    assert told(grade(work, rubric, options=GradeOptions(replay=record))) == told(then)
    assert not any("hunter2hunter" in file.read_text() for file in record.rglob("*.json"))

    # What is only held against it is judged anew.
    changed = {
        'matches: ["GET / HTTP"]': 'matches: ["POST / HTTP"]',
        "of: app, seconds: 10}": 'of: app, seconds: 10, lacks: ["*"]}',
        "at_least: 2}": "at_least: 2, mixed: true}",
    }
    text = RUBRIC
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new)
    rubric.write_text(text)
    again = {check.id: check for check in grade(work, rubric, options=GradeOptions(replay=record)).all_checks()}
    assert not any(check.status.is_open for check in again.values()), again
    assert again["logs"].is_lost
    assert again["endpoints"].is_lost == ("endpoints" in lost)
