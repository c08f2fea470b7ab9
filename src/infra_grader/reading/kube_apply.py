"""Manifests put into a cluster: what the cluster is like, what became of each object, and what that means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Cluster, Refused
from infra_grader.capabilities.kubernetes_definition import undefine
from infra_grader.capabilities.live_kubernetes import LiveKubernetes
from infra_grader.model.outcome import Evidence, NotAssessed
from infra_grader.model.record import Record
from infra_grader.plugin import Context
from infra_grader.reading.kube_policy_kinds import Served
from infra_grader.reading.kube_rewrite import Rewritten
from infra_grader.reading.kube_rewrite_egress import POLICY, Reach, names_addresses, narrow_egress
from infra_grader.reading.manifest import Manifest, Path

DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")
STEP = re.compile(r"([\w/~-]+(?:\.(?=[\w-]*/)[\w./-]+)?)|\[(\d+)\]|\[([^\]]*)\]")
FIELD = re.compile(r'(?:unknown|duplicate) field "([^"]+)"|\s\.(\w\S*?): ')
OURS = re.compile(
    r"violates PodSecurity|(?:exceeded|failed) quota: infra-grader\b|status unknown for quota: infra-grader\b"
)
"""How the admission of our namespace refuses."""
DEFINED_S = 20.0
"""Seconds until a cluster serves a kind that was just defined."""
SERVED = "it is served"
SETTLED = {("NamesAccepted", "False"): "another definition has taken its names", ("Established", "True"): SERVED}
"""What a condition of a definition means, by its type and status."""


class Facts(Record):
    """What is to be known of a cluster before anything is applied to it."""

    served: Mapping[str, bool | None]
    """By `apiVersion kind`: whether the cluster's objects of it have a namespace; `None` for no such kind."""
    storage_classes: tuple[str, ...]
    scale: str
    """What requests are multiplied by, as a fraction."""

    def asked(self, api_version: str, kind: str) -> bool | None:
        """Answer as `Served` does; for a kind that nobody asked about as for one that there is not."""
        return self.served.get(f"{api_version} {kind}")

    @property
    def is_served(self) -> Served:
        """The kinds that are served, as the policy asks for them."""
        return self.asked


class Result(Record):
    """What became of one object."""

    status: int = 0
    """Of the refusal; 0 for an object that was taken."""
    reason: str = ""
    message: str = ""
    causes: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    plural: str = ""
    """How its kind is called in the API's paths."""

    @property
    def is_taken(self) -> bool:
        """Whether the cluster has it."""
        return not self.status

    @property
    def is_ours(self) -> bool:
        """Whether it is our own namespace that refuses it, and so nobody's fault."""
        return bool(OURS.search(self.message))


class Applying(Record):
    """Manifests as they were applied."""

    namespace: str
    images: Mapping[str, str]
    """References of the images that we built, by the glob that they stand for."""
    results: tuple[Result, ...]
    """One for each manifest, in their order."""
    seconds: float


def see_facts(live: LiveKubernetes, manifests: Sequence[Manifest]) -> Facts:
    """Return what has to be known of a cluster to apply these."""
    kinds = {(each.api_version, each.kind) for each in manifests}
    found = {f"{version} {kind}": live.cluster.resource(version, kind) for version, kind in sorted(kinds)}
    classes = live.cluster.resource("storage.k8s.io/v1", "StorageClass") if _claims(manifests) else None
    return Facts(
        served={title: each.is_namespaced if each is not None else None for title, each in found.items()},
        storage_classes=tuple(each["metadata"]["name"] for each in live.cluster.list(classes)) if classes else (),
        scale=str(live.lab.request_scale),
    )


def apply_all(context: Context, rewritten: Rewritten, *, asks_api: bool = False) -> tuple[Result, ...]:
    """Apply manifests to the namespace of the submission, in their order, and return what became of each."""
    live = context.kubernetes
    if labels := rewritten.namespace_labels:
        live.label_namespace(labels)
    manifests = narrowed(live, rewritten.manifests, asks_api=asks_api)
    policies = [each for each in manifests if each.kind == "NetworkPolicy"]
    if asks_api and not policies:
        live.guard(reaches_api=True)
    results = []
    for manifest in manifests:
        context.deadline.check()
        context.tell(f"apply {manifest.title}")
        results.append(_apply(live, manifest, context.deadline))
        if policies and manifest is policies[-1]:
            live.guard(reaches_api=asks_api)  # by those that were taken, and before there are pods
    return tuple(results)


def narrowed(live: LiveKubernetes, manifests: Sequence[Manifest], *, asks_api: bool = False) -> tuple[Manifest, ...]:
    """Return manifests as the cluster gets them: with policies that let pods out no further than ours do."""
    policies = [each for each in manifests if (each.group, each.kind) == POLICY]
    if not policies:
        return tuple(manifests)
    reach = Reach(
        run=live.run,
        internet=live.lab.internet,
        dns=_dns(live) if any(names_addresses(each.data) for each in policies) else (),
        api=tuple(live.listening("default", "kubernetes")) if asks_api else (),
    )
    return tuple(
        Manifest(data=narrow_egress(each.data, reach), locate=each.locate, is_given=each.is_given)
        if (each.group, each.kind) == POLICY
        else each
        for each in manifests
    )


def _dns(live: LiveKubernetes) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address for address, _ in live.listening("kube-system", "kube-dns")))


def refusals(rewritten: Rewritten, results: Sequence[Result]) -> Iterator[tuple[Manifest, Result]]:
    """Yield the objects that the cluster did not take."""
    for manifest, result in zip(rewritten.manifests, results, strict=True):
        if not result.is_taken:
            yield manifest, result


def evidence_of(manifest: Manifest, result: Result) -> list[Evidence]:
    """Return a refusal as evidence: at the line of each field that it names, else at the object's."""
    named = list(result.causes) or [(field, result.message) for field in _fields_in(result.message)]
    found = []
    for field, message in named[:10]:
        steps = steps_of(manifest, field)
        place = manifest.field(*steps) if steps else manifest.field("kind")
        found.append(place.evidence("what the cluster takes").replace(text=f"{manifest.title}: {field}: {message}"))
    return found or [manifest.evidence("what the cluster takes").replace(text=f"{manifest.title}: {result.message}")]


def steps_of(manifest: Manifest, field: str) -> Path:
    """Return the longest path in an object that a field of the API's words names: `spec.containers[0].image`."""
    steps: list[str | int] = []
    for name, index, key in STEP.findall(field.lstrip(".")):
        here = manifest.field(*steps)
        step: str | int = name or (int(index) if index else _item(here.value, key))
        if not here.get(step).is_there:
            break
        steps.append(step)
    return tuple(steps)


def _item(value: Any, key: str) -> int | str:
    """Return which item of a list is meant by `name="x"`, or the key of a mapping."""
    wanted = dict(re.findall(r'(\w+)="?([^",]+)"?', key))
    for number, each in enumerate(value if isinstance(value, list) else ()):
        if isinstance(each, dict) and wanted and all(str(each.get(name)) == said for name, said in wanted.items()):
            return number
    return key.strip('"')


def _fields_in(message: str) -> list[str]:
    return list(dict.fromkeys(first or second for first, second in FIELD.findall(message)))


def _claims(manifests: Sequence[Manifest]) -> bool:
    return any(
        each.kind == "PersistentVolumeClaim" or each.field("spec", "volumeClaimTemplates").is_there
        for each in manifests
    )


def _apply(live: LiveKubernetes, manifest: Manifest, deadline: Deadline) -> Result:
    cluster = live.cluster
    try:
        is_definition = (manifest.group, manifest.kind) == DEFINITION
        if is_definition:
            return _define(live, manifest, deadline)
        _refuse_wide(cluster, manifest)
        warnings = _taken(cluster, manifest.data, live.namespace)
    except Refused as error:
        return Result(status=error.status, reason=error.reason, message=error.message, causes=error.causes)
    resource = cluster.resource(manifest.api_version, manifest.kind)
    return Result(warnings=warnings, plural=resource.plural if resource is not None else "")


def _refuse_wide(cluster: Cluster, manifest: Manifest) -> None:
    """Raise `Refused` for an object that would belong to no namespace, and so outlive ours."""
    resource = cluster.resource(manifest.api_version, manifest.kind)
    if resource is not None and not resource.is_namespaced:
        raise Refused(403, "Forbidden", f"objects of the kind {manifest.kind} belong to no namespace in this cluster")


def _taken(cluster: Cluster, data: Mapping[str, Any], namespace: str) -> tuple[str, ...]:
    """Apply an object and return the cluster's warnings. Raises `Refused` with what `kubectl apply` would be told.

    Applying on the server's side refuses some lists with the same entry twice, which `kubectl apply` takes.
    """
    try:
        return cluster.apply(data, namespace).warnings
    except Refused as error:
        if error.status != 500 and "duplicate entries" not in error.message:
            raise
        try:
            return cluster.create(data, namespace).warnings
        except Refused as plain:
            raise (error if plain.reason == "AlreadyExists" else plain) from None


def _define(live: LiveKubernetes, manifest: Manifest, deadline: Deadline) -> Result:
    """Define a kind for the time of the run, once no other submission has one of the same name.

    Raises `NotAssessed` where that does not come to be, as where another definition has taken its names.
    """
    cluster = live.cluster
    resource = cluster.resource(manifest.api_version, manifest.kind)
    if resource is None:
        raise Refused(404, "NotFound", "the cluster defines no kinds")
    data = {**manifest.data, "metadata": {**manifest.data["metadata"]}}
    data["metadata"]["labels"] = {**(manifest.labels or {}), **live.owner_labels}
    data["metadata"]["annotations"] = {**(manifest.annotations or {}), **live.owner_marks}

    def is_free(found: list[Mapping[str, Any]]) -> bool | None:
        return None if found else True

    chosen = f"metadata.name={manifest.name}"
    if not cluster.await_(resource, "", is_free, deadline, fields=chosen):
        raise NotAssessed(f"The cluster has the kind {manifest.name} already.", "Grade where it is not installed.")
    live.on_close(lambda: _undefine(cluster, manifest.name))
    warnings = cluster.create(data).warnings
    live.keep(resource, manifest.name)

    def settled(found: list[Mapping[str, Any]]) -> str | None:
        conditions = [one for each in found for one in (each.get("status") or {}).get("conditions") or ()]
        return next(
            (word for condition in conditions if (word := SETTLED.get((condition["type"], condition["status"])))), None
        )

    within = Deadline(min(DEFINED_S, deadline.remaining()))
    if (word := cluster.await_(resource, "", settled, within, fields=chosen)) != SERVED:
        deadline.check()
        raise NotAssessed(
            f"The cluster does not serve the kind {manifest.name}: {word or 'it is late'}.",
            "Grade where nothing else defines it, or again.",
        )
    return Result(warnings=warnings, plural=resource.plural)


def _undefine(cluster: Cluster, name: str) -> None:
    with suppress(Refused, NotAssessed):
        undefine(cluster, name)


def scale_of(facts: Facts) -> Fraction:
    """Return what requests are multiplied by."""
    return Fraction(facts.scale)
