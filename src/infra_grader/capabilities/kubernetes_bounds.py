"""Bounds that a learner's work sets for its own namespace, and pods of ours that must not be measured by them.

Two things are known and accepted. While the bounds are away the cluster's controllers may make pods of the learner's
that a quota would have refused. And until the server has counted anew what a quota holds that has just been put back,
it refuses pods ("status unknown for quota"); controllers try again by themselves, but an event tells of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from infra_grader.capabilities.kubernetes import Cluster, Refused, Resource
from infra_grader.capabilities.kubernetes_room import OUR_BOUNDS, QUOTAS, refusing
from infra_grader.model.outcome import NotAssessed

LIMITS = Resource(api_version="v1", kind="LimitRange", plural="limitranges", is_namespaced=True)
KEPT = ("name", "namespace", "labels", "annotations")
"""What of an object's metadata is not the server's."""
TRIES = 5
"""How often it is tried to put one back: an API that is busy takes it the next time."""
PAUSE_S = 0.5


@contextmanager
def set_aside(cluster: Cluster, namespace: str) -> Iterator[bool]:
    """Take the ResourceQuotas and LimitRanges that are not ours out of a namespace while the block runs.

    Yields whether there were any. In the block pods of ours are made, which would be refused by them, or changed; it is
    to be short, and afterwards all of them are there as they were. The server may need a moment to notice. Raises
    `NotAssessed` where they cannot be set aside, or some cannot be put back.
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
        _put_back(cluster, [as_written(resource, each) for resource, each in found], namespace)


def as_written(resource: Resource, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as its author would write it, out of what the server keeps of it."""
    metadata = {key: value for key, value in found["metadata"].items() if key in KEPT}
    rest = {key: value for key, value in found.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **rest}


def _put_back(cluster: Cluster, bounds: Sequence[dict[str, Any]], namespace: str) -> None:
    """Make each of them again, whatever becomes of the others."""
    lost = {}
    for each in bounds:
        if why := _why_not_made(cluster, each, namespace):
            lost[f"{each['kind']} {each['metadata']['name']}"] = why
    if lost:
        # Not `Unavailable`: asked once more, the check would pass by what is not there any more.
        reason = next(iter(lost.values()))
        raise NotAssessed(
            f"{' and '.join(lost)} of the learner's, set aside for a pod of ours, cannot be put back: {reason}.",
            "Grade again.",
        )


def _why_not_made(cluster: Cluster, bound: dict[str, Any], namespace: str) -> str:
    """Make one, and return why that did not succeed in all tries, or nothing."""
    for number in range(TRIES):
        if number:
            time.sleep(PAUSE_S)
        try:
            cluster.apply(bound, namespace)
        except (Refused, NotAssessed) as error:
            why = str(error).rstrip(".")
        else:
            return ""
    return why
