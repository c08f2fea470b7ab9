"""Namespaces of ours in a cluster: made with their guards, counted, waited for and removed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import NAMESPACES, PODS, Cluster, Refused, Resource
from infra_grader.capabilities.kubernetes_definition import DEFINITIONS, undefine
from infra_grader.capabilities.kubernetes_guard import guards
from infra_grader.capabilities.kubernetes_owner import PURPOSE_LABEL, has_no_owner
from infra_grader.capabilities.side_by_side import side_by_side
from infra_grader.model.outcome import NotAssessed, Unavailable

SUBMISSION, PROBES = "submission", "probes"
"""What namespaces of ours are for: a submission's objects, and what asks it from outside."""
ADMISSION = {"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "restricted"}
TICKET = "infra-grader.io/ticket"
"""The annotation that tells which of two namespaces was made first."""
COUNTS = {
    "pods": "60",
    "services": "40",
    "services.nodeports": "0",
    "services.loadbalancers": "0",
    "persistentvolumeclaims": "15",
    "secrets": "60",
    "configmaps": "80",
    "count/deployments.apps": "30",
    "count/statefulsets.apps": "20",
    "count/daemonsets.apps": "10",
    "count/replicasets.apps": "150",
    "count/jobs.batch": "30",
    "count/cronjobs.batch": "20",
}
"""How many objects a namespace may hold: many more than any course asks for, and no more than a node bears."""
POLICIES = Resource(
    api_version="networking.k8s.io/v1", kind="NetworkPolicy", plural="networkpolicies", is_namespaced=True
)
OUR_BOUNDS = "infra-grader"
"""The name of our own ResourceQuota, which no learner's object may bear."""
OUR_PREFIX = "infra-grader-"
"""What the names of our own policies begin with, which no learner's object may bear."""
QUOTAS = Resource(api_version="v1", kind="ResourceQuota", plural="resourcequotas", is_namespaced=True)
ACCOUNTS = Resource(api_version="v1", kind="ServiceAccount", plural="serviceaccounts", is_namespaced=True)
CONFIG_MAPS = Resource(api_version="v1", kind="ConfigMap", plural="configmaps", is_namespaced=True)
READY_S = 20.0
"""Seconds in which the controllers have made a new namespace ready for pods."""
STUCK_S = 60.0
"""Seconds after which a namespace that ends is called stuck."""


def make(cluster: Cluster, name: str, labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    """Make a namespace that may hold nothing yet, and return its ticket. Raises `NotAssessed` where it cannot."""
    metadata = {"name": name, "labels": {**labels, **ADMISSION}, "annotations": dict(annotations)}
    with refusing("a namespace"):
        made = cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}).object
        ticket = str(made["metadata"]["resourceVersion"]).zfill(20)
        cluster.patch(NAMESPACES, name, "", {"metadata": {"annotations": {TICKET: ticket}}})
    return ticket


def await_place(cluster: Cluster, ticket: str, most: int, deadline: Deadline) -> None:
    """Wait until fewer than so many submissions are in the cluster that came before. Raises `NotAssessed` in the end.

    Those that are ending do not count.
    """

    def look(namespaces: list[Mapping[str, Any]]) -> bool | None:
        before = [each for each in namespaces if not is_ending(each) and not _ticket(each) >= ticket]
        return True if len(before) < most else None

    if not cluster.await_(NAMESPACES, "", look, deadline, labels=f"{PURPOSE_LABEL}={SUBMISSION}"):
        raise NotAssessed(
            f"The cluster is taken by {most} other submissions all the time.",
            "Grade with fewer workers, or raise the lab's setting namespaces.",
        )


def furnish(cluster: Cluster, name: str, run: str, *, internet: bool = False) -> None:
    """Put the bounds and guards into a namespace; with `internet`, its pods may reach public addresses."""
    bounds = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": OUR_BOUNDS, "namespace": name},
        "spec": {"hard": COUNTS},
    }
    wanted = (bounds, *guards(run, (), internet=internet))
    with refusing("the bounds of a namespace"):
        side_by_side(partial(cluster.create, each, name) for each in wanted)


def await_ready(cluster: Cluster, name: str) -> None:
    """Wait until pods can be made in a namespace that was furnished."""

    def look(lists: list[list[Mapping[str, Any]]]) -> bool | None:
        quotas, accounts, config_maps = lists
        is_counted = any((each.get("status") or {}).get("hard") for each in quotas)
        is_named = any(each["metadata"]["name"] == "default" for each in accounts)
        return True if is_counted and is_named and config_maps else None

    with cluster.watch((QUOTAS, name), (ACCOUNTS, name), (CONFIG_MAPS, name)) as watch:
        if not watch.until(look, Deadline(READY_S)):
            raise Unavailable("The controllers of the cluster do not make a namespace ready.", "Grade again.")


def find_policies(cluster: Cluster, name: str) -> list[Mapping[str, Any]]:
    """Return the NetworkPolicies of a namespace that are not ours."""
    with refusing("a look at NetworkPolicies"):
        found = cluster.list(POLICIES, name)
    return [each for each in found if not each["metadata"]["name"].startswith(OUR_PREFIX)]


def set_guards(cluster: Cluster, name: str, wanted: Sequence[dict[str, Any]], run_label: str) -> None:
    """Put these policies of ours into a namespace, in place of those that are there."""
    with refusing("a NetworkPolicy"):
        side_by_side(partial(cluster.apply, guard, name) for guard in wanted)
        names = {guard["metadata"]["name"] for guard in wanted}
        for policy in cluster.list(POLICIES, name, labels=run_label):
            if policy["metadata"]["name"] not in names:
                cluster.delete(POLICIES, policy["metadata"]["name"], name)


def remove(cluster: Cluster, name: str) -> None:
    """Ask for the end of a namespace with all that it holds; its pods get a second to stop."""
    # Nothing can be made in a namespace that is ending: what makes pods goes later, and replaces none until then.
    with suppress(Refused):  # 409 where it is ending already
        cluster.delete(NAMESPACES, name)
    with suppress(Refused):
        cluster.delete_all(PODS, name, grace_s=1)


def is_left(namespace: Mapping[str, Any]) -> bool:
    """Whether a namespace is of a grader that has ended without removing it."""
    return not is_ending(namespace) and has_no_owner(namespace["metadata"].get("annotations") or {})


def remove_left_definitions(cluster: Cluster) -> None:
    """Remove the kinds that graders defined which have ended, as far as we may."""
    with suppress(Refused, NotAssessed):
        for each in cluster.list(DEFINITIONS, labels=f"{PURPOSE_LABEL}={SUBMISSION}"):
            if has_no_owner(each["metadata"].get("annotations") or {}):
                undefine(cluster, each["metadata"]["name"], 0)


def is_ending(namespace: Mapping[str, Any]) -> bool:
    """Whether the end of a namespace has been asked for."""
    return bool(namespace["metadata"].get("deletionTimestamp"))


def why_stuck(namespace: Mapping[str, Any]) -> str:
    """Return what the cluster says on why a namespace that ends is still there; nothing where it says nothing."""
    conditions = (namespace.get("status") or {}).get("conditions") or ()
    found = [each for each in conditions if each["status"] == "True" and each.get("message")]
    remaining = [each for each in found if each["type"] == "NamespaceFinalizersRemaining"] or found
    return "; ".join(str(each["message"]) for each in remaining)


def is_stuck(namespace: Mapping[str, Any]) -> bool:
    """Whether a namespace should have ended long ago."""
    ended = namespace["metadata"].get("deletionTimestamp")
    return bool(ended) and time.time() - datetime.fromisoformat(ended).timestamp() > STUCK_S


class refusing:  # noqa: N801 - reads as a statement
    """Turn what the cluster refuses of our own objects into `NotAssessed`: nobody's work is at fault."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Refused):
            raise NotAssessed(
                f"The cluster does not take {self._what} of ours: {error.message}.",
                "Try the same with kubectl; docs/kubernetes.md lists what the grader makes.",
            ) from error


def _ticket(namespace: Mapping[str, Any]) -> str:
    return str((namespace["metadata"].get("annotations") or {}).get(TICKET, ""))
