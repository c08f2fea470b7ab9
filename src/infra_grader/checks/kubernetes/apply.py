"""The kubernetes.apply check kind."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Any

import msgspec

from infra_grader.capabilities.kubernetes import Resource
from infra_grader.plugin import (
    Context,
    Evidence,
    EvidenceKind,
    Handle,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    RelativePath,
    check,
)
from infra_grader.reading.kube_apply import (
    Applying,
    Facts,
    Result,
    apply_all,
    evidence_of,
    refusals,
    scale_of,
    see_facts,
)
from infra_grader.reading.kube_policy import refuse
from infra_grader.reading.kube_policy_kinds import Listable
from infra_grader.reading.kube_rewrite import Rewritten, Target, rewrite
from infra_grader.reading.live_deployed import ROLES, Deployed, DeployedObject, provide
from infra_grader.reading.live_pushed import pushed
from infra_grader.reading.manifest import Manifest, ManifestSet
from infra_grader.reading.manifest_files import read_manifests
from infra_grader.reading.manifest_source import ManifestParams, read_source

MOST_NOTES = 12
Name = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)]


class Apply(ManifestParams):
    """What is applied to the cluster. The first of the sources that is there is taken."""

    images: Annotated[
        dict[str, Handle],
        Meta(
            description="Images that the submission names, as globs, each with the id of the `docker.build` that builds"
            " it: that image takes its place."
        ),
    ] = msgspec.field(default_factory=dict)
    secrets: Annotated[
        dict[Name, dict[str, str]],
        Meta(
            description="Secrets that the course says are there, by name, with their keys and values. They take the"
            " place of those that the submission holds as templates."
        ),
    ] = msgspec.field(default_factory=dict)
    with_files: Annotated[
        list[RelativePath],
        Meta(description="Manifests of the rubric's own that are applied first, relative to it."),
    ] = msgspec.field(default_factory=list)
    cluster_scoped: Annotated[
        list[Listable],
        Meta(description="Kinds without a namespace that may be applied; all others are refused."),
    ] = msgspec.field(default_factory=list)
    asks_api: Annotated[
        bool, Meta(description="Whether its pods may reach the API of the cluster, as operators have to.")
    ] = False


@check("kubernetes.apply", capabilities=("kubernetes", "command"), measure="%")
def apply(context: Context, params: Apply) -> Outcome:
    """A cluster takes the manifests: files, a rendered chart or a built kustomization, applied to a namespace of ours.

    What may not reach a cluster is refused before it does. Every namespace in the manifests becomes ours, and all that
    is changed for that is said. Objects are applied on the server's side, those that others need first, and each error
    of the API is shown at its line; each object counts the same. Kinds that the cluster does not have are skipped, and
    cost nothing. The other `kubernetes` kinds look at what was applied by the id of this check. Everything is removed
    when the submission is graded.
    """
    read = read_source(context, params)
    if not read.own:
        raise read.absent("Kubernetes manifest")
    given = [*_given(context, params), *_without(read.objects, params.secrets)]
    context.tell("ask the cluster what it serves")
    facts = context.observe("cluster", Facts, lambda: see_facts(context.kubernetes, given))
    listed = frozenset(params.cluster_scoped)
    refuse(given, facts.is_served, listed=listed)

    def make() -> Applying:
        images = pushed(context, params.images)
        namespace = context.kubernetes.enter(context.deadline)
        began = time.monotonic()
        results = apply_all(
            context, rewrite(given, _target(facts, namespace, images, listed)), asks_api=params.asks_api
        )
        return Applying(namespace=namespace, images=images, results=results, seconds=round(time.monotonic() - began, 2))

    applied = context.observe("applied", Applying, make)
    rewritten = rewrite(given, _target(facts, applied.namespace, applied.images, listed))
    return judge(context, read, rewritten, facts, applied)


def judge(context: Context, read: ManifestSet, rewritten: Rewritten, facts: Facts, applied: Applying) -> Outcome:
    """Judge what became of the objects. Raises `NotAssessed` where it is our own namespace that refuses some."""
    refused = list(refusals(rewritten, applied.results))
    faults = [item for manifest, result in refused for item in evidence_of(manifest, result)]
    if any(result.is_ours for _, result in refused):
        raise NotAssessed(
            "The lab's own rules refuse a part of the submission.", "Tell the author of the rubric.", *faults[:20]
        )
    faults += [fault.evidence for fault in read.faults]
    total = len(rewritten.manifests) + len(read.faults)
    taken = len(rewritten.manifests) - len(refused)
    notes = [*_warnings(rewritten, applied.results), *read.notes, *rewritten.notes]
    share = round(100 * taken / max(1, total), 2)
    skipped = (
        f"; {len(rewritten.skipped)} of kinds that this cluster does not have are left out" if rewritten.skipped else ""
    )
    message = f"The cluster takes {taken} of {total} objects of {read.source}{skipped}."
    if refused:
        manifest, result = refused[0]
        message = f"The cluster refuses {manifest.title}: {result.message.rstrip('.')}."
    summary = Evidence(
        kind=EvidenceKind.COMMAND,
        path="kubectl apply",
        expected=f"{total} objects that the cluster takes",
        actual=f"{taken}",
        text=read.source,
    )
    outcome = Outcome.partial(
        Fraction(taken, total) if total else Fraction(0),
        message if total else f"There is nothing to apply in {read.source}.",
        *faults[:20],
        summary,
        *notes[:MOST_NOTES],
        measure=Measure(value=share, unit="%", threshold=100),
    )
    if not taken:
        return outcome
    deployed = Deployed(
        namespace=applied.namespace,
        objects=tuple(_objects(rewritten, applied.results)),
        notes=tuple(notes),
        scale=facts.scale,
        roles=tuple(each for each in read.objects if each.kind in ROLES),
    )
    facts_of_it = msgspec.json.encode((applied.namespace, [each.title for each in deployed.objects]))
    key = hashlib.sha256(facts_of_it).hexdigest()[:16]
    return outcome.replace(provides=provide(context, key, deployed))


def _target(facts: Facts, namespace: str, images: Mapping[str, str], listed: frozenset[str]) -> Target:
    return Target(
        namespace=namespace,
        served=facts.is_served,
        listed=listed,
        images=images,
        scale=scale_of(facts),
        storage_classes=facts.storage_classes,
    )


def _given(context: Context, params: Apply) -> Iterator[Manifest]:
    """Yield the objects of the rubric's own."""
    for path in params.with_files:
        found, faults = read_manifests(path, context.rubric_file(path).read_text(encoding="utf-8"))
        if faults or not found:
            problem = faults[0].problem if faults else "it holds no manifest"
            raise NotAssessed(
                f"The rubric's own file {path} cannot be read: {problem}.", "Tell the author of the rubric."
            )
        for data, _ in found:
            yield Manifest(data=data, locate=lambda _path: ("the rubric", None), is_given=True)
    for name, values in params.secrets.items():
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}
        yield Manifest(data=secret, locate=lambda _path: ("the rubric", None), is_given=True)


def _without(manifests: tuple[Manifest, ...], secrets: Mapping[str, Any]) -> list[Manifest]:
    """Return the manifests but for Secrets that the rubric gives."""
    return [each for each in manifests if not (each.kind == "Secret" and not each.group and each.name in secrets)]


def _warnings(rewritten: Rewritten, results: tuple[Result, ...]) -> Iterator[Evidence]:
    for manifest, result in zip(rewritten.manifests, results, strict=True):
        for warning in result.warnings:
            yield manifest.evidence().replace(text=f"{manifest.title}: the cluster warns: {warning}")


def _objects(rewritten: Rewritten, results: tuple[Result, ...]) -> Iterator[DeployedObject]:
    for manifest, result in zip(rewritten.manifests, results, strict=True):
        if result.is_taken:
            resource = Resource(
                api_version=manifest.api_version,
                kind=manifest.kind,
                plural=result.plural,
                is_namespaced=(manifest.group, manifest.kind) != ("apiextensions.k8s.io", "CustomResourceDefinition"),
            )
            yield DeployedObject(manifest=manifest, resource=resource)
