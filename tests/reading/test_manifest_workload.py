from __future__ import annotations

import pytest

from infra_grader.reading.manifest import Manifest, ManifestSet
from infra_grader.reading.manifest_workload import Workload, selects, selects_plainly, served_by, target_port

LABELS = {"app": "api", "tier": "web"}


def manifest(data):
    return Manifest(data=data, locate=lambda path: ("a.yaml", 1))


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        ({}, True),
        ({"matchLabels": {"app": "api"}}, True),
        ({"matchLabels": {"app": "api", "x": "y"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["api", "b"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]}, False),
        ({"matchExpressions": [{"key": "none", "operator": "NotIn", "values": ["api"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "Is"}]}, False),
        ({"matchLabels": [], "matchExpressions": {}}, True),
        ({"matchExpressions": [None, 3]}, False),
        ({"matchExpressions": [{"key": ["x"], "operator": "In", "values": [["x"]]}]}, False),
    ],
)
def test_selectors_mean_what_kubernetes_says(selector, holds):
    assert selects(selector, LABELS) is holds


def test_the_empty_selector_of_a_service_selects_nothing():
    assert not selects_plainly({}, LABELS)
    assert selects_plainly({"app": "api"}, LABELS)


def test_a_cron_job_and_a_pod_have_their_containers_elsewhere():
    pod = {"containers": [{"name": "a"}], "initContainers": [{"name": "b"}, {"name": "c", "restartPolicy": "Always"}]}
    job = {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}}
    for data in (job, {"kind": "Pod", "spec": pod}, {"kind": "Deployment", "spec": {"template": {"spec": pod}}}):
        workload = Workload(manifest(data))
        assert [each.name for each in workload.containers] == ["a", "c"], "a sidecar runs as long as the pod"
        assert [each.name for each in workload.all_containers] == ["a", "c", "b"]


def test_a_service_serves_what_it_selects_in_its_namespace():
    def deployment(namespace):
        template = {"metadata": {"labels": LABELS}, "spec": {}}
        data = {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {}, "spec": {"template": template}}
        return manifest(data | {"metadata": {"name": "x", "namespace": namespace} if namespace else {"name": "x"}})

    service = manifest({"kind": "Service", "metadata": {"namespace": "a"}, "spec": {"selector": {"app": "api"}}})
    found = ManifestSet(source="x", objects=(service, deployment("a"), deployment("b"), deployment("")))
    assert [each.manifest.namespace for each in served_by(service, found)] == ["a", ""]


def test_a_port_without_target_leads_to_its_own_number():
    port = manifest({"spec": {"ports": [{"port": 80}, {"port": 80, "targetPort": "http"}]}}).field("spec", "ports")
    assert [target_port(each) for each in port.items()] == [80, "http"]


@pytest.mark.parametrize(
    "data", [{}, {"kind": 3, "metadata": []}, {"kind": "Deployment", "spec": [1]}, {"metadata": {"name": []}}]
)
def test_objects_of_any_shape_answer(data):
    found = manifest(data)
    assert isinstance(found.title, str)
    assert found.labels == {}
    assert Workload(found).all_containers == []
