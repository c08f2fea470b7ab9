"""Manifests as we apply them: all in one namespace of ours, and nothing in them that only the lab could not give.

What `kube_policy.find_refusals` finds must have been refused before. Lines and paths stay the learner's: a rewritten
manifest locates its fields where the original has them. Nothing is judged here, and no request, limit or probe of the
learner's is filled in; what is changed or left out is said in the notes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from infra_grader.model.outcome import Evidence, NotAssessed
from infra_grader.model.record import Record
from infra_grader.reading.kube_policy_kinds import Fate, Served, defined_kinds, fate_of
from infra_grader.reading.kube_rewrite_bounds import scale_bounds
from infra_grader.reading.kube_rewrite_egress import POLICY, note_egress
from infra_grader.reading.kube_rewrite_metadata import namespace_labels, rewrite_metadata
from infra_grader.reading.kube_rewrite_names import Names, names_of, rewrite_names
from infra_grader.reading.kube_rewrite_pod import rewrite_pod
from infra_grader.reading.kube_rewrite_requests import scale_requests
from infra_grader.reading.kube_rewrite_rights import rewrite_rights
from infra_grader.reading.kube_rewrite_service import rewrite_claim, rewrite_service
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_workload import is_workload

ORDER = (
    "CustomResourceDefinition", "ResourceQuota", "LimitRange", "NetworkPolicy", "PodDisruptionBudget",
    "ServiceAccount", "Secret", "ConfigMap", "PersistentVolumeClaim", "Role", "RoleBinding", "Service", "DaemonSet",
    "Pod", "ReplicationController", "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job",
    "CronJob", "Ingress",
)  # fmt: skip
"""Kinds in the order in which helm and kubectl's users apply them; all others come last."""

HIDDEN = "(hidden)"
"""What notes say of a value in a Secret."""


class Target(Record):
    """Where manifests go, and what the lab makes of them."""

    namespace: str
    """Ours."""
    served: Served
    listed: frozenset[str] = frozenset()
    """The kinds that the rubric lists, as for `find_refusals`."""
    own: frozenset[str] = frozenset()
    """Namespaces that are the submission's own, besides those that its objects are in."""
    images: Mapping[str, str] = {}
    """Globs of images that the submission names, each with the reference of the image that we built for it."""
    scale: Fraction = Fraction(1)
    """What requests are multiplied by."""
    storage_classes: tuple[str, ...] | None = None
    """Those that the cluster has; a claim that names another gets the default one. `None`: leave claims alone."""


class Rewritten(Record):
    """What is applied."""

    manifests: tuple[Manifest, ...]
    """In the order in which they are applied. All are in our namespace, but for definitions of kinds."""
    notes: tuple[Evidence, ...]
    """What was changed, dropped or skipped, each at its line."""
    skipped: tuple[Manifest, ...] = ()
    """Objects of kinds that the cluster has not, or that the rubric does not list; no fault of the learner's."""
    namespace_labels: Mapping[str, str] = {}
    """Labels that the submission's own Namespace objects bear, for ours: policies may select by them."""


def rewrite(manifests: Sequence[Manifest], target: Target) -> Rewritten:
    """Return manifests without refusals as they are applied to our namespace.

    Raises `NotAssessed` where two of them, of different namespaces, would be one object there.
    """
    defined = defined_kinds(manifests, target.listed)
    fates = [(each, fate_of(each, target.served, target.listed, defined)) for each in manifests]
    placed = [each for each, fate in fates if fate in (Fate.APPLIED, Fate.DROPPED)]
    found = names_of(manifests, target.namespace, placed=placed)
    moved = (found.own | found.shared) - target.own - {target.namespace}
    notes = [_moved(placed, each, target.namespace) for each in sorted(moved)]
    names = found.replace(own=found.own | target.own)
    applied: dict[tuple[str, str, str], tuple[Manifest, Manifest]] = {}
    for manifest, fate in fates:
        if fate is Fate.APPLIED:
            made, said = _rewritten(manifest, target, names)
            key = (made.group, made.kind, made.name)
            if key in applied:
                notes.append(_merged(applied[key][0], manifest, applied[key][1].data == made.data))
            applied[key] = manifest, made
            notes += said
        elif fate is Fate.SKIPPED:
            notes.append(manifest.evidence(None, f"{manifest.title} ({manifest.api_version}), not applied in this lab"))
    made_ones = scale_requests([made for _, made in applied.values()], target.scale, notes)
    scale_bounds(made_ones, target.scale, notes)
    return Rewritten(
        manifests=tuple(sorted(made_ones, key=_rank)),
        notes=tuple(notes),
        skipped=tuple(each for each, fate in fates if fate is Fate.SKIPPED),
        namespace_labels=namespace_labels([each for each, fate in fates if fate is Fate.DROPPED]),
    )


def _moved(manifests: Sequence[Manifest], namespace: str, ours: str) -> Evidence:
    """Return the note that a namespace of the submission's is ours in the lab, at the first object that names it."""
    named = [each for each in manifests if each.namespace == namespace]
    made = [each for each in manifests if each.kind == "Namespace" and each.name == namespace]
    field = named[0].field("metadata", "namespace") if named else made[0].field("metadata", "name")
    return field.evidence(f"the namespace {ours}").replace(
        text=f"{len(named)} objects of it are in the lab's own namespace"
        if named
        else "it is not made: the lab has its own"
    )


def _rank(manifest: Manifest) -> int:
    return ORDER.index(manifest.kind) if manifest.kind in ORDER else len(ORDER)


def _rewritten(manifest: Manifest, target: Target, names: Names) -> tuple[Manifest, list[Evidence]]:
    data = fresh(manifest.data)
    notes: list[Evidence] = []

    def note(path: tuple[str | int, ...], expected: str) -> None:
        actual = HIDDEN if manifest.kind == "Secret" and path[0] in ("data", "stringData") else None
        said = f"{manifest.title}: set aside in this lab"
        notes.append(manifest.field(*path).evidence(expected, actual).replace(text=said))

    for step in _steps(manifest, target, names):
        step(data, note)
    return Manifest(data=data, locate=manifest.locate, is_given=manifest.is_given), notes


Note = Callable[[tuple[str | int, ...], str], None]
Step = Callable[[dict[str, Any], Note], None]


def _steps(manifest: Manifest, target: Target, names: Names) -> Iterator[Step]:
    """Yield what is done to a fresh copy of an object, in this order."""
    yield lambda data, note: rewrite_metadata(data, names, note)
    if is_workload(manifest):
        yield lambda data, note: rewrite_pod(data, manifest, target.images, note)
    if manifest.kind == "Service" and not manifest.group:
        yield rewrite_service
    if target.storage_classes is not None:
        classes = target.storage_classes
        yield lambda data, note: rewrite_claim(data, classes, note)
    if manifest.group == "rbac.authorization.k8s.io":
        yield lambda data, note: rewrite_rights(data, names, note)
    yield lambda data, note: rewrite_names(data, names, note)
    if (manifest.group, manifest.kind) == POLICY:
        yield note_egress


def fresh(value: Any) -> Any:
    """Return a copy of plain data in which nothing is shared, as YAML's aliases share parts of it."""
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    return [fresh(item) for item in value] if isinstance(value, list) else value


def _merged(first: Manifest, second: Manifest, is_same: bool) -> Evidence:
    """Return the note that one object takes the place of another of its name."""
    if not is_same and not first.shares_namespace(second):
        place, line = first.locate(())
        raise NotAssessed(
            f"{second.title} is in the namespaces {first.namespace} and {second.namespace}, and one namespace of the"
            " lab cannot hold both.",
            "Tell the author of the rubric: the check should name the manifests of one environment.",
            second.evidence(None, f"the other one: {place}, line {line}"),
        )
    return second.evidence(None, f"{second.title}, in place of one of the same name before it")
