"""Kinds that submissions define go with their objects, also where nobody removes a finalizer."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cluster
import pytest

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Cluster, connect
from infra_grader.capabilities.kubernetes_definition import DEFINITIONS, undefine


@pytest.fixture
def lab(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cluster, str]]:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    found, namespace = connect(), f"definition-{secrets.token_hex(4)}"
    found.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    yield found, namespace
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    found.close()


def define(api: Cluster, group: str) -> str:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    name = f"caches.{group}"
    spec: dict[str, Any] = {
        "group": group,
        "scope": "Namespaced",
        "names": {"kind": "Cache", "plural": "caches"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
    }
    api.create(
        {"apiVersion": DEFINITIONS.api_version, "kind": DEFINITIONS.kind, "metadata": {"name": name}, "spec": spec}
    )

    def is_served(_found: list[Any]) -> bool | None:
        return True if api.resource(f"{group}/v1", "Cache") else None

    assert api.await_(DEFINITIONS, "", is_served, Deadline(20), fields=f"metadata.name={name}", every_s=0.2)
    return name


def test_an_object_that_a_finalizer_holds_is_told_and_let_go(lab: tuple[Cluster, str]) -> None:
    api, namespace = lab
    group = f"x{secrets.token_hex(4)}.example.com"
    name = define(api, group)
    for each, finalizers in (("free", []), ("held", ["example.com/never"])):
        metadata = {"name": each, "namespace": namespace, "finalizers": finalizers}
        api.create({"apiVersion": f"{group}/v1", "kind": "Cache", "metadata": metadata}, namespace)
    assert undefine(api, name, 0.5) == ["Cache held does not go: the finalizer example.com/never holds it"]

    def is_gone(found: list[Any]) -> bool | None:
        return None if found else True

    assert api.await_(DEFINITIONS, "", is_gone, Deadline(20), fields=f"metadata.name={name}")
    assert undefine(api, name) == []
