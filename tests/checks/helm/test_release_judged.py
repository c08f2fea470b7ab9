"""What is made of a release's steps: whose fault, at which line, and what may stay behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra_grader.checks.helm._release import Released, StepSeen, fault_of
from infra_grader.checks.helm.install import guarding
from infra_grader.plugin import NotAssessed, Unavailable
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_chart import Chart
from infra_grader.reading.yaml import read_document

CHART = Chart(folder="chart", copy=Path("/nowhere"), metadata=read_document("name: api\n"), files=(), missing=())


def manifest(kind: str, name: str, **rest: Any) -> Manifest:
    data = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, **rest.pop("metadata", {})}, **rest}
    return Manifest(data=data, locate=lambda path: ("chart/templates/a.yaml", 10 + len(path)))


WORK = [
    manifest("Deployment", "api", spec={"selector": {}}),
    manifest("StatefulSet", "db", spec={"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}),
    manifest("ConfigMap", "history", metadata={"annotations": {"helm.sh/resource-policy": "keep"}}),
]


def faults(name: str, *, message: str = "", exit_status: int = 0, **facts: Any) -> list[Any]:
    step = StepSeen(name=name, exit_status=exit_status or bool(message), message=message, seconds=1.0)
    return fault_of(name, step, Released(namespace="n", images={}, steps=(step,), **facts), WORK, CHART)


def test_a_step_that_went_well_has_no_fault() -> None:
    assert [faults(name) for name in ("install", "upgrade", "rollback", "uninstall")] == [[], [], [], []]


def test_an_object_that_the_api_refuses_is_pointed_at() -> None:
    said = 'UPGRADE FAILED: cannot patch "api": Deployment.apps "api" is invalid: spec.selector: field is immutable'
    [fault] = faults("upgrade", message=said)
    assert (fault.path, fault.line, fault.text) == ("chart/templates/a.yaml", 12, said)


def test_a_message_without_an_object_is_the_charts() -> None:
    [fault] = faults("install", message="INSTALLATION FAILED: failed pre-install: job failed: BackoffLimitExceeded")
    assert (fault.path, fault.actual) == (
        "chart/Chart.yaml",
        "INSTALLATION FAILED: failed pre-install: job failed: BackoffLimitExceeded",
    )


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("Kubernetes cluster unreachable: dial tcp: connection refused", Unavailable),
        ('pods "x" is forbidden: exceeded quota: infra-grader, requested: pods=1', NotAssessed),
        ('pods "x" is forbidden: violates PodSecurity "baseline:latest"', NotAssessed),
        ('User "system:serviceaccount:a:infra-grader-helm" cannot create resource "x"', NotAssessed),
    ],
)
def test_what_the_lab_does_is_not_the_learners(said: str, verdict: type[Exception]) -> None:
    with pytest.raises(verdict):
        faults("install", message=said)


def test_a_step_that_was_not_reached_is_said() -> None:
    [fault] = fault_of("rollback", None, Released(namespace="n", images={}, steps=()), WORK, CHART)
    assert fault.actual == "not reached"


def test_a_rollback_that_leaves_objects_changed_fails() -> None:
    [fault] = faults("rollback", changed=("ConfigMap settings",))
    assert fault.actual == "ConfigMap settings differ"


def test_what_stays_by_design_is_no_fault_and_all_else_is() -> None:
    by_design = ("PersistentVolumeClaim data-db-0", "ConfigMap history")
    assert faults("uninstall", left=by_design) == []
    [fault] = faults("uninstall", left=(*by_design, "Job migrate", "PersistentVolumeClaim models"))
    assert fault.actual == "Job migrate, PersistentVolumeClaim models"


def test_a_policy_that_is_a_hook_takes_no_guard_away() -> None:
    there = manifest("NetworkPolicy", "api", spec={"podSelector": {"matchLabels": {"app": "api"}}})
    annotations = {"helm.sh/hook": "pre-install", "helm.sh/hook-delete-policy": "hook-succeeded"}
    hook = manifest("NetworkPolicy", "all", metadata={"annotations": annotations}, spec={"podSelector": {}})
    assert guarding([hook, there, *WORK], [hook]) == [there.data]
