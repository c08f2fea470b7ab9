"""Which part an object of a cluster plays for a workload."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.kubernetes import Resource
from infra_grader.reading.kube_role import plays
from infra_grader.reading.live_deployed import Deployed, DeployedObject
from infra_grader.reading.manifest import Manifest


def deployed(kind="Deployment", version="apps/v1"):
    data = {"apiVersion": version, "kind": kind, "metadata": {"name": "api"}}
    data["spec"] = {"template": {"metadata": {"labels": {"app": "api"}}}}
    resource = Resource(api_version=version, kind=kind, plural=f"{kind.lower()}s", is_namespaced=True)
    return Deployed(
        namespace="n",
        objects=(DeployedObject(manifest=Manifest(data=data, locate=lambda _path: ("a", 1)), resource=resource),),
    )


@pytest.mark.parametrize(
    ("spec", "protects"),
    [
        ({"selector": {"matchLabels": {"app": "api"}}}, True),
        ({"selector": {"matchLabels": {"app": "web"}}}, False),
        ({"selector": {}}, True),
        ({"minAvailable": 1}, False),
    ],
)
def test_a_budget_without_a_selector_protects_nothing_and_one_with_an_empty_one_all(spec, protects):
    assert plays("protects", {"spec": spec}, deployed(), []) is protects


def test_pods_of_a_replication_controller_are_a_workloads():
    found = {"spec": {"selector": {"app": "api"}}}
    assert plays("serves", found, deployed("ReplicationController", "v1"), [])
