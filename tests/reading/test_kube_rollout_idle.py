"""Workloads that are asked for no pods, and so are up without doing anything."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.kubernetes import Resource
from infra_grader.checks.kubernetes.rollout import Rollout, judge
from infra_grader.model.outcome import Evidence, NotAssessed
from infra_grader.reading.kube_lab import CourseCluster
from infra_grader.reading.kube_rollout_seen import Rollout as Seen
from infra_grader.reading.kube_rollout_seen import Workload
from infra_grader.reading.live_deployed import Deployed, DeployedObject
from infra_grader.reading.manifest import Manifest

SCALED = {"scaleTargetRef": {"kind": "Deployment", "name": "api"}}


def made(kind, name, **spec):
    data = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    resource = Resource(api_version="apps/v1", kind=kind, plural=f"{kind.lower()}s", is_namespaced=True)
    return DeployedObject(manifest=Manifest(data=data, locate=lambda path: ("app.yaml", len(path))), resource=resource)


def judged(workload, *objects, notes=(), **params):
    web = Workload(kind="Deployment", name="web", wanted=1, available=1, seconds=3.0)
    found = Seen(workloads=(workload, web), pods=())
    return judge(Rollout(of="app", **params), found, Deployed(namespace="n", objects=objects, notes=notes), {})


NONE = Workload(kind="Deployment", name="api", wanted=0, seconds=0.0)


def test_a_workload_without_pods_earns_nothing_and_the_line_is_shown():
    outcome = judged(NONE, made("Deployment", "api", replicas=0))
    assert str(outcome.fraction) == "1/2"
    assert "Deployment api is not available" in outcome.message
    assert "it is asked for no pods" in outcome.message
    assert (outcome.evidence[0].path, outcome.evidence[0].line, outcome.evidence[0].actual) == ("app.yaml", 2, "0")


def test_unless_the_rubric_lets_it_wait_its_turn():
    assert judged(NONE, made("Deployment", "api", replicas=0), idle=["a*"]).fraction == 1


@pytest.mark.parametrize(
    ("kind", "spec", "fraction"),
    [
        ("ScaledObject", SCALED, 1),
        ("HorizontalPodAutoscaler", {**SCALED, "minReplicas": 0}, 1),
        ("HorizontalPodAutoscaler", {**SCALED, "minReplicas": 1}, 0.5),
        ("ScaledObject", {"scaleTargetRef": {"name": "other"}}, 0.5),
    ],
)
def test_or_something_starts_it_when_it_is_needed(kind, spec, fraction):
    assert judged(NONE, made("Deployment", "api", replicas=0), made(kind, "scaler", **spec)).fraction == fraction


def test_or_would_where_the_cluster_had_what_starts_it():
    note = Evidence(path="app.yaml", line=1, actual="ScaledObject api (keda.sh/v1alpha1), not applied in this lab")
    assert judged(NONE, made("Deployment", "api", replicas=0), notes=(note,)).fraction == 1


def test_a_daemon_set_without_a_node_is_the_labs_unless_the_course_has_no_such_node_either():
    daemon = NONE.replace(kind="DaemonSet")
    written = made("DaemonSet", "api", template={"spec": {"nodeSelector": {"gpu": "true"}}})
    with pytest.raises(NotAssessed, match="no node takes its pods"):
        judged(daemon, written)
    with pytest.raises(NotAssessed, match="no node takes its pods"):
        judged(daemon, written, cluster=CourseCluster(labels=("gpu",)))
    outcome = judged(daemon, written, cluster=CourseCluster())
    assert "no node of the course's cluster has the label gpu" in outcome.message
    assert str(outcome.fraction) == "1/2"
