"""A workload after a load of ours: brought back to as many pods as before, for whoever measures next."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Cluster
from infra_grader.capabilities.kubernetes_room import refusing
from infra_grader.reading.kube_following import following
from infra_grader.reading.kube_scaler import TOLERANCE, Scaler, await_scaler
from infra_grader.reading.kube_seen import Workload

CALM_S = 120.0
"""Seconds until the metrics show that the load is over."""
WINDOW_S = 330.0
"""Seconds for which a scaler keeps what it wanted at most, where it says nothing itself of how it scales."""
WHOLE_S = 60.0
"""Seconds in which pods that are not needed any more end."""


def scale_back(cluster: Cluster, namespace: str, workload: Workload, before: Scaler) -> None:
    """Wait until a workload has as many pods as its scaler wanted before a load of ours, all of them ready.

    A scaler keeps what it wanted under load for its window, five minutes mostly. One that has a `behavior` does not ask
    for it anew, so that the pods are ended for it as soon as their use calls for no more. One that has none would ask
    for the most of its window again, so that this is waited for. Gives up when the time for that is over.
    """
    limit = Deadline(CALM_S if before.has_behavior else WINDOW_S)
    most = before.most
    while fewer := await_scaler(cluster, namespace, before.name, partial(_fewer, before, most), limit):
        _set_replicas(cluster, namespace, workload, fewer)
        most = fewer
    with following(cluster, namespace, workload) as pods:

        def look(found: list[Any]) -> bool | None:
            return True if len(found) <= before.desired and all(each.is_ready for each in found) else None

        pods.until(look, Deadline(WHOLE_S))


def _fewer(before: Scaler, most: int, now: Scaler) -> int | None:
    """Return how many pods are enough, where only its window keeps a scaler from ending the others.

    0 where it wants as few as before, and `None` as long as use calls for more or it has more than `most`, which were
    asked for last.
    """
    is_met = 1 <= now.pressure <= TOLERANCE
    needed = max(before.desired, now.current if is_met else math.ceil(now.current * now.pressure))
    if max(needed, now.desired, now.current) <= before.desired:
        return 0
    return needed if before.has_behavior and needed < now.current <= most else None


def _set_replicas(cluster: Cluster, namespace: str, workload: Workload, replicas: int) -> None:
    resource = cluster.resource("apps/v1", workload.kind)
    if resource is not None:
        with refusing("the number of pods from before a load"):
            cluster.patch(resource, workload.name, namespace, {"spec": {"replicas": replicas}})
