"""Which kinds of objects a submission may bring to a cluster, and which of them belong to no namespace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Literal

from infra_grader.reading.manifest import Manifest

Served = Callable[[str, str], bool | None]
"""Asked with `apiVersion` and kind: whether the cluster's objects of it have a namespace; `None` for no such kind."""
Listable = Literal["CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"]
"""Cluster-wide kinds that a rubric may list. Roles that are listed are narrowed to the submission's namespace."""

GRANTED: Mapping[str, frozenset[str]] = {
    "": frozenset(
        {"ConfigMap", "LimitRange", "PersistentVolumeClaim", "Pod", "ReplicationController", "ResourceQuota", "Secret",
         "Service", "ServiceAccount"}
    ),
    "apps": frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"}),
    "autoscaling": frozenset({"HorizontalPodAutoscaler"}),
    "batch": frozenset({"CronJob", "Job"}),
    "networking.k8s.io": frozenset({"Ingress", "NetworkPolicy"}),
    "policy": frozenset({"PodDisruptionBudget"}),
    "rbac.authorization.k8s.io": frozenset({"Role", "RoleBinding"}),
}  # fmt: skip
"""Kinds that are applied, by group; what they may hold is looked into."""
LISTED: Mapping[str, frozenset[str]] = {
    "apiextensions.k8s.io": frozenset({"CustomResourceDefinition"}),
    "rbac.authorization.k8s.io": frozenset({"ClusterRole", "ClusterRoleBinding"}),
}
CLUSTER_WIDE: Mapping[str, frozenset[str]] = {
    "": frozenset({"Node", "PersistentVolume", "ComponentStatus"}),
    "admissionregistration.k8s.io": frozenset(),
    "apiextensions.k8s.io": frozenset(),
    "apiregistration.k8s.io": frozenset(),
    "certificates.k8s.io": frozenset(),
    "flowcontrol.apiserver.k8s.io": frozenset(),
    "networking.k8s.io": frozenset({"IngressClass", "IPAddress", "ServiceCIDR"}),
    "node.k8s.io": frozenset(),
    "rbac.authorization.k8s.io": frozenset({"ClusterRole", "ClusterRoleBinding"}),
    "resource.k8s.io": frozenset({"DeviceClass", "ResourceSlice"}),
    "scheduling.k8s.io": frozenset(),
    "storage.k8s.io": frozenset({"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"}),
}
"""Kinds of Kubernetes itself whose objects belong to no namespace, by group; an empty set stands for all of it."""
OWN_GROUPS = frozenset({*GRANTED, "extensions", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io"})
TOPICS = {"admissionregistration.k8s.io": "webhooks", "rbac.authorization.k8s.io": "cluster-rights"}


class Fate(StrEnum):
    """What becomes of an object."""

    APPLIED = "applied"
    DROPPED = "dropped"
    """A Namespace: ours stands in for it."""
    SKIPPED = "skipped"
    """Not applied, and not the learner's fault."""
    REFUSED = "refused"


def fate_of(manifest: Manifest, served: Served, listed: frozenset[str], defined: Mapping[str, bool]) -> Fate:
    """Return what becomes of an object.

    `listed` are the kinds that the rubric lists, as `Kind` or `Kind.group`; `defined` says of each `Kind.group` that
    the submission's own, listed CustomResourceDefinitions define whether its objects have a namespace. What the cluster
    serves already is as the cluster says: no definition of a submission's changes it.
    """
    group, kind = manifest.group, manifest.kind
    title = f"{kind}.{group}"
    if (group, kind) == ("", "Namespace"):
        return Fate.DROPPED
    if is_cluster_wide(group, kind):
        return Fate.APPLIED if kind in LISTED.get(group, ()) and kind in listed else Fate.REFUSED
    has_namespace = served(manifest.api_version, kind)
    if has_namespace is None:
        has_namespace = defined.get(title)
    if has_namespace is None:
        return Fate.REFUSED if is_of_kubernetes(group) else Fate.SKIPPED
    if not has_namespace:
        return Fate.REFUSED
    is_wanted = title in defined or (not is_of_kubernetes(group) and not listed.isdisjoint((kind, title)))
    return Fate.APPLIED if kind in GRANTED.get(group, ()) or is_wanted else Fate.SKIPPED


def is_cluster_wide(group: str, kind: str) -> bool:
    """Whether a kind of Kubernetes itself belongs to no namespace."""
    kinds = CLUSTER_WIDE.get(group)
    return kinds is not None and (not kinds or kind in kinds)


def is_of_kubernetes(group: str) -> bool:
    """Whether a group is of Kubernetes itself, so that every cluster has its kinds."""
    return group in OWN_GROUPS or group in CLUSTER_WIDE


def topic_of(manifest: Manifest) -> str:
    """Return why an object of a refused kind is refused."""
    if is_cluster_wide(manifest.group, manifest.kind):
        return TOPICS.get(manifest.group, "cluster-wide")
    return "unknown-kinds" if is_of_kubernetes(manifest.group) else "cluster-wide"


def defined_kinds(manifests: Sequence[Manifest], listed: frozenset[str]) -> dict[str, bool]:
    """Return the `Kind.group` of each listed CustomResourceDefinition, with whether its objects have a namespace."""
    if "CustomResourceDefinition" not in listed:
        return {}
    found: dict[str, bool] = {}
    for each in manifests:
        if (each.group, each.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition"):
            kind, group = each.field("spec", "names", "kind").text, each.field("spec", "group").text
            found[f"{kind}.{group}"] = each.field("spec", "scope").value == "Namespaced"
    return found
