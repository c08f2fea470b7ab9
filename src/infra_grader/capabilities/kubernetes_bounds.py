"""Bounds that a learner's work sets for its own namespace, and pods of ours that must not be measured by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from infra_grader.capabilities.kubernetes import Cluster, Resource
from infra_grader.capabilities.kubernetes_room import OUR_BOUNDS, QUOTAS, refusing

LIMITS = Resource(api_version="v1", kind="LimitRange", plural="limitranges", is_namespaced=True)
KEPT = ("name", "namespace", "labels", "annotations")
"""What of an object's metadata is not the server's."""


@contextmanager
def set_aside(cluster: Cluster, namespace: str) -> Iterator[bool]:
    """Take the ResourceQuotas and LimitRanges that are not ours out of a namespace while the block runs.

    Yields whether there were any. In the block pods of ours are made, which would be refused by them, or changed; it is
    to be short, and afterwards all of them are there as they were. The server may need a moment to notice.
    """
    with refusing("a look at quotas and limits"):
        found = [
            (resource, each)
            for resource in (QUOTAS, LIMITS)
            for each in cluster.list(resource, namespace)
            if each["metadata"]["name"] != OUR_BOUNDS
        ]
    try:
        for resource, each in found:
            with refusing("that quotas and limits are set aside"):
                cluster.delete(resource, each["metadata"]["name"], namespace)
        yield bool(found)
    finally:
        for resource, each in found:
            with refusing("that quotas and limits are put back"):
                cluster.apply(as_written(resource, each), namespace)


def as_written(resource: Resource, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as its author would write it, out of what the server keeps of it."""
    metadata = {key: value for key, value in found["metadata"].items() if key in KEPT}
    rest = {key: value for key, value in found.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **rest}
