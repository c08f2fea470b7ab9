"""The kubernetes.inspect check kind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Annotated, Any

from infra_grader.capabilities.kubernetes import NAMESPACES, Cluster, Resource
from infra_grader.model.record import Record
from infra_grader.plugin import (
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    Unavailable,
    check,
)
from infra_grader.reading.kube_owned import Tie, Wanted, earlier_of, namespace_name, pruned, ties_of
from infra_grader.reading.live_deployed import Deployed, DeployedObject, provide
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_source import ManifestParams, read_source
from infra_grader.reading.manifest_workload import is_workload

HIDDEN = ("Secret",)
"""Kinds whose content is not looked at."""


class Inspect(ManifestParams, kw_only=True):
    """Where a learner has deployed their work, and what ties it to them."""

    namespace: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9{}-]{1,80}$",
            description="Where they have deployed it; `{learner}` stands for their id, in lower case and with `-` for"
            " what no name of a namespace holds.",
        ),
    ]
    label: Annotated[
        str, Meta(min_length=1, max_length=120, description="The label by which each object names the learner.")
    ] = "learner"
    commit: Annotated[
        bool,
        Meta(description="Whether each workload must name the commit: as tag of its image, as label or annotation."),
    ] = True
    names: Annotated[
        tuple[str, ...], Meta(description="Names of the workloads that count, as globs; all without.")
    ] = ()


class SeenObject(Record):
    """An object of the learner's files, as the cluster has it."""

    title: str
    plural: str = ""
    is_namespaced: bool = True
    found: Mapping[str, Any] | None = None
    """`None` where the cluster does not have it."""
    earlier: tuple[str, ...] = ()
    """Whom its pods named in the revisions that the cluster keeps."""


class Seen(Record):
    """What was found in the namespace."""

    namespace: str
    learner: str
    commit: str
    is_there: bool
    """Whether there is such a namespace."""
    objects: tuple[SeenObject, ...] = ()
    """One for each manifest, in their order."""


@check("kubernetes.inspect", capabilities=("kubernetes", "command"), measure="%")
def inspect(context: Context, params: Inspect) -> Outcome:
    """What a learner has deployed already is there, and is their own: the workloads of their manifests count the same.

    Each must bear the label with the learner's id, set by whoever has set the rest of it and not stuck on later, and
    name the commit that is graded. What somebody else has deployed, or another commit, earns nothing; nor does what
    named somebody else in an earlier revision. A cluster keeps no record of who somebody was: who may write into a
    friend's namespace, and applies anew what never named the friend, is not found out. Give each learner a namespace
    where nobody else may write. Nothing is changed; the other `kubernetes` kinds look by the id of this check at what
    is the learner's own, and at nothing else.
    """
    read = read_source(context, params)
    manifests = [each for each in read.own if _counts(each, params) or not is_workload(each)]
    if not any(is_workload(each) for each in manifests):
        raise read.absent("workload")
    seen = context.observe("deployed", Seen, lambda: _look(context, params, manifests))
    return judge(context, params, manifests, seen)


def judge(context: Context, params: Inspect, manifests: list[Manifest], seen: Seen) -> Outcome:
    """Judge what is there, and publish what is the learner's own."""
    if not seen.is_there:
        raise CheckFailed(
            f"There is no namespace {seen.namespace} in the cluster.",
            Evidence(path=f"namespace {seen.namespace}", expected="the deployment", actual="not there"),
        )
    wanted = Wanted(learner=seen.learner, label=params.label, commit=seen.commit)
    evidence: list[Evidence] = []
    own: list[DeployedObject] = []
    notes: list[Evidence] = []
    right = total = 0
    for manifest, one in zip(manifests, seen.objects, strict=True):
        faults = list(_faults(manifest, one, wanted, is_counted=is_workload(manifest)))
        if not faults:
            own.append(_deployed(manifest, one, seen.namespace))
        if is_workload(manifest):
            total += 1
            right += not faults
            evidence += faults or [manifest.evidence(None, f"{manifest.title}, the work of {seen.learner}")]
        elif one.found is not None:
            notes += faults[:1]
    share = round(100 * right / total, 2)
    outcome = Outcome.partial(
        Fraction(right, total),
        f"{right} of {total} workloads in the namespace {seen.namespace} are the work of {seen.learner}.",
        *evidence[:20],
        measure=Measure(value=share, unit="%", threshold=100),
    )
    if not right:
        return outcome
    deployed = Deployed(namespace=seen.namespace, objects=tuple(own), notes=tuple(notes), is_ours=False)
    key = hashlib.sha256(f"{seen.namespace} {[each.title for each in own]}".encode()).hexdigest()[:16]
    return outcome.replace(provides=provide(context, key, deployed))


def _counts(manifest: Manifest, params: Inspect) -> bool:
    return is_workload(manifest) and (
        not params.names or any(fnmatchcase(manifest.name, each) for each in params.names)
    )


def _faults(manifest: Manifest, one: SeenObject, wanted: Wanted, *, is_counted: bool) -> Iterator[Evidence]:
    """Yield why an object is not the learner's own. Only workloads have to name the commit."""
    if one.found is None:
        yield manifest.evidence(f"{manifest.title} in the cluster", "not there")
        return
    for tie in ties_of(one.found, wanted if is_counted else wanted.replace(commit=""), one.earlier):
        if not tie.is_there:
            yield _evidence(manifest, tie)


def _evidence(manifest: Manifest, tie: Tie) -> Evidence:
    return manifest.evidence(tie.expected, tie.actual).replace(text=f"{manifest.title}: {tie.what}")


def _deployed(manifest: Manifest, one: SeenObject, namespace: str) -> DeployedObject:
    metadata = {**manifest.data.get("metadata", {}), "namespace": namespace}
    return DeployedObject(
        manifest=Manifest(data={**manifest.data, "metadata": metadata}, locate=manifest.locate),
        resource=Resource(
            api_version=manifest.api_version,
            kind=manifest.kind,
            plural=one.plural,
            is_namespaced=one.is_namespaced,
        ),
    )


def _look(context: Context, params: Inspect, manifests: list[Manifest]) -> Seen:
    submission = context.submission
    if params.commit and not submission.commit:
        raise NotAssessed(
            "What is deployed cannot be tied to a commit: the submission has none.",
            "Grade a git checkout, or let the rubric say `commit: false`.",
        )
    namespace = namespace_name(params.namespace, submission)
    cluster = context.kubernetes.cluster
    commit = submission.commit if params.commit and submission.commit else ""
    seen = Seen(namespace=namespace, learner=submission.id, commit=commit, is_there=True)
    if cluster.get(NAMESPACES, namespace) is None:
        return seen.replace(is_there=False)
    revisions = [each for kind in ("ReplicaSet", "ControllerRevision") for each in _revisions(cluster, kind, namespace)]
    return seen.replace(objects=tuple(_see(context, each, namespace, params.label, revisions) for each in manifests))


def _revisions(cluster: Cluster, kind: str, namespace: str) -> list[Mapping[str, Any]]:
    resource = cluster.resource("apps/v1", kind)
    try:
        return cluster.list(resource, namespace) if resource is not None else []
    except Unavailable:
        raise
    except NotAssessed:  # who may not read them judges by the rest
        return []


def _see(
    context: Context, manifest: Manifest, namespace: str, label: str, revisions: Sequence[Mapping[str, Any]]
) -> SeenObject:
    cluster = context.kubernetes.cluster
    resource = cluster.resource(manifest.api_version, manifest.kind)
    if resource is None or not manifest.name:
        return SeenObject(title=manifest.title)
    found = cluster.get(resource, manifest.name, namespace)
    kept = pruned(found) if found is not None else None
    if kept is not None and manifest.kind in HIDDEN:
        kept.pop("data", None)
    return SeenObject(
        title=manifest.title,
        plural=resource.plural,
        is_namespaced=resource.is_namespaced,
        found=kept,
        earlier=tuple(earlier_of(found, revisions, label)) if found is not None else (),
    )
