"""Namespace, labels and annotations of an object as we apply it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from infra_grader.reading.kube_policy_kinds import is_cluster_wide
from infra_grader.reading.kube_rewrite_names import Names
from infra_grader.reading.manifest import Manifest

Note = Callable[[tuple[str | int, ...], str], None]
OF_THE_SERVER = ("creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
                 "selfLink", "uid")  # fmt: skip
"""Fields that exports of objects carry and that nobody may say; they are left out without a note."""
OUR_PREFIX = "infra-grader.io/"
LENT = (
    "azure.workload.identity/", "cni.projectcalico.org/", "eks.amazonaws.com/", "iam.gke.io/", "io.kubernetes.cri-o.",
    "k8s.v1.cni.cncf.io/", "v1.multus-cni.io/",
)  # fmt: skip
"""Beginnings of annotations and labels by which a cloud or a node would lend a pod rights or networks of its own."""
SNIPPETS = ("-snippet", "/auth-url", "/auth-tls-secret")
"""Ends of an Ingress's annotations that put settings or other namespaces' Secrets into a controller that all share."""
RESERVED = ("kubernetes.io/", "k8s.io/", OUR_PREFIX)


def rewrite_metadata(data: dict[str, Any], names: Names, note: Note) -> None:
    """Put an object into our namespace, without what ties it to a server, an owner or one who must release it."""
    metadata = data["metadata"]
    data.pop("status", None)
    for key in OF_THE_SERVER:
        metadata.pop(key, None)
    clean_ties(metadata, ("metadata",), note)
    if not metadata.get("name"):
        said = str(metadata.pop("generateName"))
        metadata["name"] = said + hashlib.sha256(f"{names.namespace}/{said}".encode()).hexdigest()[:5]
    if is_cluster_wide(str(data.get("apiVersion")).rpartition("/")[0], data["kind"]):
        metadata.pop("namespace", None)
    else:
        metadata["namespace"] = names.namespace
    clean_marks(metadata, ("metadata",), note)


def clean_ties(metadata: dict[str, Any], path: tuple[str | int, ...], note: Note) -> None:
    """Take out the owners and finalizers of an object, or of what a template makes."""
    if metadata.pop("ownerReferences", None):
        note((*path, "ownerReferences"), "no owner, which is not here")
    if metadata.pop("finalizers", None):
        note((*path, "finalizers"), "no finalizer: nobody here would remove it, and the object could never go")


def clean_marks(metadata: dict[str, Any], path: tuple[str | int, ...], note: Note) -> None:
    """Take out labels and annotations that are ours, or that a cloud, a node or a shared controller acts on."""
    for kind in ("labels", "annotations"):
        marks = metadata.get(kind)
        if not isinstance(marks, dict):
            continue
        for key in list(marks):
            if str(key).startswith((OUR_PREFIX, *LENT)) or (kind == "annotations" and str(key).endswith(SNIPPETS)):
                del marks[key]
                note((*path, kind, key), "nothing that reaches beyond the namespace")


def namespace_labels(namespaces: Sequence[Manifest]) -> dict[str, str]:
    """Return the labels of Namespace objects that ours may bear: none of Kubernetes, and none of ours.

    A profile of Pod Security is one of Kubernetes: ours enforces `baseline` and warns of `restricted`, as stricter
    rules would keep out what asks a submission's Services.
    """
    found: dict[str, str] = {}
    for each in namespaces:
        for key, value in each.labels.items():
            if isinstance(value, str) and not any(part in str(key) for part in RESERVED):
                found[str(key)] = value
    return found
