"""Kinds that a submission defines: taken away with all objects of them, also those that a finalizer holds for ever."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Cluster, Refused, Resource

DEFINITIONS = Resource(
    api_version="apiextensions.k8s.io/v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    is_namespaced=False,
)
OPERATOR_S = 5.0
"""Seconds in which an operator that still runs lets its objects go."""


def undefine(cluster: Cluster, name: str, seconds: float = OPERATOR_S) -> list[str]:
    """Remove a kind with its objects; return those that did not go in time and were let go by us, each with the reason.

    Neither the kind nor a namespace goes as long as it holds an object with a finalizer.
    """
    definition = cluster.get(DEFINITIONS, name)
    if definition is None:
        return []
    kind = _served(definition)
    held = _let_go(cluster, kind, seconds) if kind is not None else []
    cluster.delete(DEFINITIONS, name)
    for each in held:
        logging.getLogger(__name__).warning("%s; it was let go", each)
    return held


def _served(definition: Mapping[str, Any]) -> Resource | None:
    """Return how the kind that is defined is served; `None` where it is not."""
    spec = definition.get("spec") or {}
    version = next((each["name"] for each in spec.get("versions") or () if each.get("served")), None)
    if version is None:
        return None
    return Resource(
        api_version=f"{spec['group']}/{version}",
        kind=spec["names"]["kind"],
        plural=spec["names"]["plural"],
        is_namespaced=spec.get("scope") == "Namespaced",
    )


def _let_go(cluster: Cluster, kind: Resource, seconds: float) -> list[str]:
    """Ask for the end of all objects of a kind, and take the finalizers from those that stay."""
    try:
        objects = cluster.list(kind)
    except Refused:  # a definition that was never established
        return []
    for each in objects:
        cluster.delete(kind, each["metadata"]["name"], _namespace(each))

    def look(found: list[Mapping[str, Any]]) -> bool | None:
        return None if found else True

    if not objects or cluster.await_(kind, "", look, Deadline(seconds)):
        return []
    held = []
    for each in cluster.list(kind):
        name, finalizers = each["metadata"]["name"], each["metadata"].get("finalizers") or ()
        held.append(f"{kind.kind} {name} does not go: the finalizer {', '.join(finalizers)} holds it")
        with suppress(Refused):  # it may have gone at this moment
            cluster.patch(kind, name, _namespace(each), {"metadata": {"finalizers": None}})
    return held


def _namespace(found: Mapping[str, Any]) -> str:
    return str(found["metadata"].get("namespace") or "")
