"""What the API refuses, at the lines of the learner's files."""

from __future__ import annotations

import pytest

from infra_grader.reading.kube_apply import Result, evidence_of, steps_of
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_files import read_manifests

TEXT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  annotations:
    prometheus.io/port: "80"
spec:
  replicas: x
  template:
    spec:
      containers:
        - name: first
          image: a
        - name: second
          imag: b
"""


@pytest.fixture
def manifest():
    ((data, locate),) = read_manifests("k8s/app.yaml", TEXT)[0]
    return Manifest(data=data, locate=locate)


@pytest.mark.parametrize(
    ("field", "steps"),
    [
        ("spec.template.spec.containers[1].imag", ("spec", "template", "spec", "containers", 1, "imag")),
        ('.spec.template.spec.containers[name="second"].imag', ("spec", "template", "spec", "containers", 1, "imag")),
        ("metadata.annotations[prometheus.io/port]", ("metadata", "annotations", "prometheus.io/port")),
        ("spec.template.spec.volumes[0]", ("spec", "template", "spec")),
        ("nowhere", ()),
        ("", ()),
    ],
)
def test_a_field_in_the_words_of_the_api(manifest, field, steps):
    assert steps_of(manifest, field) == steps


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        (
            Result(status=422, message="is invalid", causes=(("spec.replicas", "Invalid value"), ("metadata", "x"))),
            [8, 3],
        ),
        (
            Result(status=400, message='strict decoding error: unknown field "spec.template.spec.containers[1].imag"'),
            [15],
        ),
        (
            Result(
                status=500,
                message="failed to create typed patch object (/api; apps/v1, Kind=Deployment): errors:\n"
                '  .spec.template.spec.containers[name="second"].imag: field not declared in schema',
            ),
            [15],
        ),
        (Result(status=404, message="the cluster has no kind Deployment in apps/v1"), [2]),
    ],
)
def test_each_error_is_shown_at_its_line(manifest, result, lines):
    found = evidence_of(manifest, result)
    assert [each.line for each in found] == lines
    assert all(each.path == "k8s/app.yaml" and each.text.startswith("Deployment api: ") for each in found)


def test_our_own_rules_are_nobodys_fault():
    assert Result(status=403, message='pods "p" is forbidden: violates PodSecurity "baseline:latest": x').is_ours
    assert Result(status=403, message="exceeded quota: infra-grader, requested: pods=1").is_ours
    assert not Result(status=403, message="exceeded quota: compute, requested: pods=1").is_ours
