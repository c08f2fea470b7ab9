"""What a submission may bring to a cluster: an allow-list, with file and line of all else.

Manifests without refusals, put through `kube_rewrite.rewrite`, touch nothing beyond the namespace that they are
applied to. What is asked of the lab alone (a fixed address, a node by its name) is no refusal: the rewriting sets it
aside and says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.model.record import Record
from infra_grader.reading.kube_policy_kinds import Fate, Served, defined_kinds, fate_of, topic_of
from infra_grader.reading.kube_policy_pod import find_asked
from infra_grader.reading.manifest import Field, Manifest
from infra_grader.reading.manifest_quantity import read_quantity
from infra_grader.reading.manifest_workload import Workload, is_workload

OURS = "infra-grader"
"""How the names of our own objects begin."""
WANTED = {
    "privileged": "no privileged container",
    "host-namespaces": "nothing of the host's: network, processes, memory",
    "host-paths": "no folder of the node",
    "host-ports": "no port of the node; a Service reaches the pods",
    "host-probes": "a probe of the pod itself, without `host`",
    "volumes": "volumes of the namespace: claims, ConfigMaps, Secrets, empty folders",
    "capabilities": "no capabilities beyond the container's usual ones",
    "unconfined": "the container's usual confinement",
    "sysctls": "no settings of the node's kernel",
    "devices": "no devices of the node",
    "webhooks": "no webhooks: they would see everyone's objects",
    "cluster-rights": "a Role and RoleBinding of the namespace",
    "cluster-wide": "objects of one namespace",
    "unknown-kinds": "a kind and version that Kubernetes has",
    "reserved-names": f"a name that does not begin with {OURS}",
    "long-lived-tokens": "the token that a pod is given, which ends with the pod",
    "malformed": "metadata with a name",
    "objects": "fewer objects",
    "size": "smaller manifests",
    "pods": "fewer pods",
    "storage": "less storage",
}
"""What is expected instead of each topic, in words."""


class Bounds(Record):
    """The most that one submission may bring."""

    objects: int = 100
    bytes: int = 4 * 1024 * 1024
    """Of all manifests together, as JSON."""
    pods: int = 40
    """That are started at once, surge pods and what an autoscaler adds left out."""
    storage_gib: int = 200
    """That is claimed."""


BOUNDS = Bounds()


class Refusal(Record):
    """Something that is asked of the cluster and not granted."""

    topic: str
    """A key of `WANTED`."""
    what: str
    """What is asked for, as written."""
    field: Field
    """Where it stands."""

    @property
    def evidence(self) -> Evidence:
        """A pointer at it."""
        return self.field.evidence(WANTED[self.topic], self.what)


def find_refusals(
    manifests: Sequence[Manifest],
    served: Served,
    *,
    listed: frozenset[str] = frozenset(),
    bounds: Bounds = BOUNDS,
) -> list[Refusal]:
    """Return what manifests ask for beyond the allow-list, in the order of the manifests.

    `listed` are the kinds that the rubric lists, see `kube_policy_kinds.fate_of`. Objects that will not be applied
    count for nothing.
    """
    defined = defined_kinds(manifests, listed)
    fates = [(each, fate_of(each, served, listed, defined)) for each in manifests]
    taken = [each for each, fate in fates if fate is Fate.APPLIED]
    found: list[Refusal] = []
    for manifest, fate in fates:
        if fate is Fate.REFUSED:
            found.append(
                Refusal(
                    topic=topic_of(manifest),
                    what=f"{manifest.title} ({manifest.api_version or 'no apiVersion'})",
                    field=manifest.field("kind"),
                )
            )
        elif fate is Fate.APPLIED:
            found += _of_object(manifest)
    return found + list(_of_all(taken, bounds))


def refuse(
    manifests: Sequence[Manifest],
    served: Served,
    *,
    listed: frozenset[str] = frozenset(),
    bounds: Bounds = BOUNDS,
) -> None:
    """Raise `CheckFailed` for manifests with refusals: the learner's fault, and nothing reaches the cluster."""
    refusals = find_refusals(manifests, served, listed=listed, bounds=bounds)
    if not refusals:
        return
    first = refusals[0].evidence
    place = f" ({first.path}, line {first.line})" if first.line else ""
    raise CheckFailed(
        f"Nothing is applied: {refusals[0].field.manifest.title}{place} asks for {_said(refusals[0])}, which is not"
        f" granted; expected is {WANTED[refusals[0].topic]}.",
        *(each.evidence for each in refusals[:20]),
    )


def _said(refusal: Refusal) -> str:
    written = refusal.field.written
    return refusal.what if written in ("", "kind") else f"{written}: {refusal.what}"


def _refusal(topic: str, field: Field) -> Refusal:
    return Refusal(topic=topic, what=str(field.evidence().actual)[:160], field=field)


def _of_object(manifest: Manifest) -> Iterator[Refusal]:
    metadata = manifest.field("metadata")
    if not manifest.name or not isinstance(metadata.get("namespace").value, str | None):
        yield _refusal("malformed", metadata)
    if manifest.name.startswith(OURS):
        yield _refusal("reserved-names", metadata.get("name" if metadata.get("name").text else "generateName"))
    if is_workload(manifest):
        for topic, field in find_asked(Workload(manifest)):
            yield _refusal(topic, field)
    elif manifest.kind == "Secret" and manifest.field("type").value == "kubernetes.io/service-account-token":
        yield _refusal("long-lived-tokens", manifest.field("type"))
    elif manifest.kind in ("RoleBinding", "ClusterRoleBinding"):
        role = manifest.field("roleRef", "name")
        if role.value == "cluster-admin":
            yield _refusal("cluster-rights", role)
    elif manifest.kind == "CustomResourceDefinition":
        yield from _of_definition(manifest)


def _of_definition(manifest: Manifest) -> Iterator[Refusal]:
    """Yield what a definition of a kind does beyond defining one of somebody's own."""
    group = manifest.field("spec", "group")
    if group.text.endswith(("k8s.io", "kubernetes.io")) or "." not in group.text:
        yield _refusal("cluster-wide", group)
    if manifest.field("spec", "conversion", "strategy").value not in (None, "None"):
        yield _refusal("webhooks", manifest.field("spec", "conversion", "strategy"))


def _of_all(manifests: Sequence[Manifest], bounds: Bounds) -> Iterator[Refusal]:
    """Yield what is too much of all objects together, at the object that goes over the bound."""
    size, pods, storage = 0, 0, 0
    for number, manifest in enumerate(manifests, 1):
        size += len(json.dumps(manifest.data, default=str))
        pods += pods_of(manifest)
        storage += _claimed_gib(manifest)
        for topic, seen, most in (
            ("objects", number, bounds.objects),
            ("size", size, bounds.bytes),
            ("pods", pods, bounds.pods),
            ("storage", storage, bounds.storage_gib),
        ):
            if seen > most:
                units = {"size": "bytes", "storage": "GiB"}
                what = f"{seen} {units.get(topic, topic)} up to here, more than {most}"
                yield Refusal(topic=topic, what=what, field=manifest.field("kind"))
                return


def pods_of(manifest: Manifest) -> int:
    """Return how many pods an object starts at once; a DaemonSet counts as one."""
    if not is_workload(manifest):
        return 0
    spec = manifest.field("spec", "jobTemplate", "spec") if manifest.kind == "CronJob" else manifest.field("spec")
    number = spec.get("parallelism" if manifest.kind in ("Job", "CronJob") else "replicas").number
    return 1 if number is None or manifest.kind in ("Pod", "DaemonSet") else max(0, number)


def _claimed_gib(manifest: Manifest) -> int:
    """Return how much storage an object claims, in GiB and rounded up."""
    if manifest.kind == "PersistentVolumeClaim":
        return _gib(manifest.field("spec"))
    if not is_workload(manifest):
        return 0
    claims = [each.get("spec") for each in manifest.field("spec", "volumeClaimTemplates").items()]
    volumes = Workload(manifest).pod.get("volumes").items()
    claims += [each.get("ephemeral", "volumeClaimTemplate", "spec") for each in volumes]
    return sum(_gib(each) for each in claims) * pods_of(manifest)


def _gib(claim: Field) -> int:
    amount = read_quantity(claim.get("resources", "requests", "storage").value)
    return -int(-amount // 1024**3) if amount else 0
