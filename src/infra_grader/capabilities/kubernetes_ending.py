"""How namespaces of ours end: what holds them is told and let go, and what graders left that were killed is removed."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from infra_grader.capabilities import kubernetes_room
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import NAMESPACES, PODS, Cluster, Refused, Resource
from infra_grader.capabilities.kubernetes_definition import OPERATOR_S
from infra_grader.capabilities.kubernetes_owner import PURPOSE_LABEL
from infra_grader.capabilities.kubernetes_room import PROBES, SUBMISSION, is_ending, is_stuck, why_stuck
from infra_grader.capabilities.kubernetes_turn import remove_left_turns
from infra_grader.capabilities.side_by_side import side_by_side
from infra_grader.model.outcome import NotAssessed

OURS = f"{PURPOSE_LABEL} in ({SUBMISSION},{PROBES})"
"""The selector of all namespaces of ours."""
USUAL = (
    PODS,
    kubernetes_room.CONFIG_MAPS,
    Resource(api_version="v1", kind="Secret", plural="secrets", is_namespaced=True),
    Resource(api_version="v1", kind="Service", plural="services", is_namespaced=True),
    Resource(api_version="v1", kind="PersistentVolumeClaim", plural="persistentvolumeclaims", is_namespaced=True),
    Resource(api_version="apps/v1", kind="Deployment", plural="deployments", is_namespaced=True),
    Resource(api_version="apps/v1", kind="StatefulSet", plural="statefulsets", is_namespaced=True),
    Resource(api_version="apps/v1", kind="DaemonSet", plural="daemonsets", is_namespaced=True),
    Resource(api_version="batch/v1", kind="CronJob", plural="cronjobs", is_namespaced=True),
    Resource(api_version="batch/v1", kind="Job", plural="jobs", is_namespaced=True),
    Resource(api_version="apps/v1", kind="ReplicaSet", plural="replicasets", is_namespaced=True),
    Resource(api_version="v1", kind="ReplicationController", plural="replicationcontrollers", is_namespaced=True),
)
"""Kinds that an operator may hold, whatever kinds it has of its own."""
PROPAGATION = ("foregroundDeletion", "orphan")
OWN_DOMAINS = ("kubernetes.io", "k8s.io")
"""Finalizers of these are the cluster's own, which sees to them."""
PAUSE_S = 0.2


class Held(NamedTuple):
    """An object that a finalizer holds."""

    resource: Resource
    namespace: str
    name: str
    finalizers: tuple[str, ...]

    def __str__(self) -> str:
        holds = ", ".join(self.finalizers)
        return f"{self.resource.kind} {self.name} in {self.namespace} does not go: the finalizer {holds} holds it"


def let_go(cluster: Cluster, namespaces: Iterable[str], resources: Iterable[Resource] = ()) -> list[str]:
    """Ask for the end of what a finalizer holds in namespaces that are to end, and take the finalizers from what stays.

    An operator of the submission's own, which has to run until then, gets `OPERATOR_S` seconds for it. Looks at the
    usual kinds and the given ones; returns what stayed, each with what held it.
    """
    kinds = {each.path(): each for each in (*USUAL, *resources) if each.is_namespaced}
    asked = [partial(_held, cluster, each, name) for name in namespaces for each in kinds.values()]
    held = list(chain.from_iterable(side_by_side(asked)))
    for each in held:
        with suppress(Refused):
            cluster.delete(each.resource, each.name, each.namespace)
    limit = Deadline(OPERATOR_S)
    while (held := [each for each in held if _is_there(cluster, each)]) and limit.remaining():
        time.sleep(PAUSE_S)
    for each in held:
        with suppress(Refused):  # it may have gone at this moment
            cluster.patch(each.resource, each.name, each.namespace, {"metadata": {"finalizers": None}})
    return [str(each) for each in held]


def await_gone(cluster: Cluster, label: str, most: int, deadline: Deadline) -> list[str]:
    """Wait until at most so many namespaces are ending; return the rest, each with the reason.

    Those that do not go away are not waited for, unless all have to be gone.
    """
    last: list[Mapping[str, Any]] = []

    def look(namespaces: list[Mapping[str, Any]]) -> bool | None:
        last[:] = [each for each in namespaces if is_ending(each) and not (most and is_stuck(each))]
        return True if len(last) <= most else None

    if cluster.await_(NAMESPACES, "", look, deadline, labels=label):
        return []
    return [f"namespace {each['metadata']['name']}: {why_stuck(each) or 'ending'}" for each in last]


def remove_left(cluster: Cluster) -> None:
    """Remove what graders left that have ended without removing it, and say which namespaces do not go away."""
    there = cluster.list(NAMESPACES, labels=OURS)
    left = [each["metadata"]["name"] for each in there if kubernetes_room.is_left(each)]
    if left:
        let_go(cluster, left)
    for name in left:
        kubernetes_room.remove(cluster, name)
    kubernetes_room.remove_left_definitions(cluster)
    remove_left_turns(cluster)
    _say_stuck(there)


def _held(cluster: Cluster, resource: Resource, namespace: str) -> list[Held]:
    with suppress(Refused, NotAssessed):  # a kind that is gone by now, or that we may not read
        return [
            Held(resource, namespace, each["metadata"]["name"], finalizers)
            for each in cluster.list(resource, namespace)
            if (finalizers := tuple(filter(_is_operators, each["metadata"].get("finalizers") or ())))
        ]
    return []


def _is_operators(finalizer: str) -> bool:
    domain = finalizer.partition("/")[0]
    return finalizer not in PROPAGATION and not any(f".{domain}".endswith(f".{own}") for own in OWN_DOMAINS)


def _is_there(cluster: Cluster, held: Held) -> bool:
    return cluster.get(held.resource, held.name, held.namespace) is not None


def _say_stuck(namespaces: Iterable[Mapping[str, Any]]) -> None:
    stuck = [each for each in namespaces if is_stuck(each)]
    if stuck:
        names = ", ".join(each["metadata"]["name"] for each in stuck[:3]) + (" and others" if len(stuck) > 3 else "")
        why = why_stuck(stuck[0]) or "the cluster does not say why"
        told = "%d namespaces of earlier gradings do not go away (%s): %s"
        logging.getLogger(__name__).warning(told, len(stuck), names, why)
