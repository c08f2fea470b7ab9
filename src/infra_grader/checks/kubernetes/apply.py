"""The kubernetes.apply check kind."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import msgspec

from infra_grader.capabilities.docker_layer import Layer
from infra_grader.capabilities.kubernetes import Resource
from infra_grader.checks.kubernetes._apply_request import Apply, laid, layer_of, manifests_of
from infra_grader.plugin import (
    Context,
    Evidence,
    EvidenceKind,
    Measure,
    NotAssessed,
    Outcome,
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
from infra_grader.reading.kube_rewrite import Rewritten, Target, rewrite
from infra_grader.reading.kube_variables import Wanted, put_variables
from infra_grader.reading.live_deployed import ROLES, Deployed, DeployedObject, provide
from infra_grader.reading.live_mounted import stood_in_for
from infra_grader.reading.live_pushed import pushed
from infra_grader.reading.manifest import Manifest, ManifestSet
from infra_grader.reading.manifest_source import read_source
from infra_grader.reading.manifest_workload import Workload, is_workload

MOST_NOTES = 12


@check("kubernetes.apply", capabilities=("kubernetes", "command"), measure="%")
def apply(context: Context, params: Apply) -> Outcome:
    """A cluster takes the manifests: files, a rendered chart or a built kustomization, applied to a namespace of ours.

    What may not reach a cluster is refused before it does. Every namespace in the manifests becomes ours, and all that
    is changed for that is said. Objects are applied on the server's side, those that others need first, and each error
    of the API is shown at its line; each object counts the same. Kinds that the cluster does not have are skipped, and
    cost nothing. With `mounts` and `variables`, the images that were built get one more layer, of folders of the
    rubric's own such as stand-ins for packages that ask servers which are not there; pods are changed for it only where
    they set PYTHONPATH. The other `kubernetes` kinds look at what was applied by the id of this check. Everything is
    removed when the submission is graded.
    """
    read = read_source(context, params)
    if not read.own:
        raise read.absent("Kubernetes manifest")
    layer = layer_of(context, params)
    wanted = Wanted(images=params.images, python_path=layer.python_path, values=params.known_values)
    given, changed = put_variables(manifests_of(context, params, read.objects), wanted)
    context.tell("ask the cluster what it serves")
    facts = context.observe("cluster", Facts, lambda: see_facts(context.kubernetes, given))
    listed = frozenset(params.cluster_scoped)
    refuse(given, facts.is_served, listed=listed)

    def make() -> Applying:
        images = pushed(context, params.images, layer if layer != Layer() else None)
        namespace = context.kubernetes.enter(context.deadline)
        began = time.monotonic()
        results = apply_all(
            context, rewrite(given, _target(facts, namespace, images, listed)), asks_api=params.asks_api
        )
        return Applying(namespace=namespace, images=images, results=results, seconds=round(time.monotonic() - began, 2))

    applied = context.observe("applied", Applying, make)
    rewritten = rewrite(given, _target(facts, applied.namespace, applied.images, listed))
    stand_ins = stood_in_for(layer.files, layer.python_path)
    return judge(context, read, rewritten, facts, applied, given=[*laid(params), *changed], stand_ins=stand_ins)


def judge(
    context: Context,
    read: ManifestSet,
    rewritten: Rewritten,
    facts: Facts,
    applied: Applying,
    *,
    given: Sequence[Evidence] = (),
    stand_ins: tuple[str, ...] = (),
) -> Outcome:
    """Judge what became of the objects. Raises `NotAssessed` where it is our own namespace that refuses some.

    `given` says what the rubric has put in, `stand_ins` names modules of Python that others stand in for.
    """
    refused = list(refusals(rewritten, applied.results))
    faults = [item for manifest, result in refused for item in evidence_of(manifest, result)]
    if any(result.is_ours for _, result in refused):
        raise NotAssessed(
            "The lab's own rules refuse a part of the submission.", "Tell the author of the rubric.", *faults[:20]
        )
    faults += [fault.evidence for fault in read.faults]
    total = len(rewritten.manifests) + len(read.faults)
    taken = len(rewritten.manifests) - len(refused)
    notes = [*_warnings(rewritten, applied.results), *given, *read.notes, *rewritten.notes]
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
        stand_ins=stand_ins,
        lacks_images=bool(applied.images) and not any(_runs(each, applied.images) for each in rewritten.manifests),
    )
    facts_of_it = msgspec.json.encode((applied.namespace, [each.title for each in deployed.objects]))
    key = hashlib.sha256(facts_of_it).hexdigest()[:16]
    return outcome.replace(provides=provide(context, key, deployed))


def _runs(manifest: Manifest, images: Mapping[str, str]) -> bool:
    """Whether an object as it is applied runs an image that we built."""
    return is_workload(manifest) and any(each.image in images.values() for each in Workload(manifest).all_containers)


def _target(facts: Facts, namespace: str, images: Mapping[str, str], listed: frozenset[str]) -> Target:
    return Target(
        namespace=namespace,
        served=facts.is_served,
        listed=listed,
        images=images,
        scale=scale_of(facts),
        storage_classes=facts.storage_classes,
    )


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
