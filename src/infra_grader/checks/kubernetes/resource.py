"""The kubernetes.resource check kind."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Annotated, Any

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Cluster
from infra_grader.capabilities.kubernetes_service import alone
from infra_grader.model.record import Record
from infra_grader.plugin import (
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Handle,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.kube_role import KINDS, Role, plays
from infra_grader.reading.kube_scaler import PROBE_NAME
from infra_grader.reading.kube_seen import is_ours
from infra_grader.reading.kube_tree import Held, hold, problems
from infra_grader.reading.live_deployed import Deployed, deployed_of
from infra_grader.reading.manifest_workload import selects_plainly

HIDDEN = "(hidden)"
BOUNDS = ("ResourceQuota", "LimitRange")
OURS = "infra-grader"
VERSIONS = {
    "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "ReplicaSet": "apps/v1",
    "Job": "batch/v1", "CronJob": "batch/v1", "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1", "NetworkPolicy": "networking.k8s.io/v1", "Ingress": "networking.k8s.io/v1",
    "Role": "rbac.authorization.k8s.io/v1", "RoleBinding": "rbac.authorization.k8s.io/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
}  # fmt: skip
"""Where kinds are found that are not of the core."""


class Resource(Params):
    """Which object is looked at, and what it is like."""

    of: Annotated[Handle, Meta(description="Id of the check that put things into the cluster.")]
    expect: Annotated[
        dict[str, Any],
        Meta(
            description="A part of the object, `status` too. In place of a value: `min`, `max`, `matches`, `absent`,"
            " `present`, `not`, `any_of`, `all`, `length`. An item of a list is found at any place, by its name."
        ),
    ]
    kind: Annotated[str, Meta(description="Kind of the object; a role tells it by itself.")] = ""
    api_version: Annotated[str, Meta(description="Its `apiVersion`, for kinds that Kubernetes itself has not.")] = ""
    name: Annotated[str, Meta(description="Its name, as a glob.")] = "*"
    labels: Annotated[dict[str, str], Meta(description="Labels that it has.")] = msgspec.field(default_factory=dict)
    role: Annotated[
        Role | None,
        Meta(
            description="Its part for a workload: the Service that `serves` it, the HorizontalPodAutoscaler that"
            " `scales` it, the PodDisruptionBudget that `protects` it, the NetworkPolicy that `isolates` it."
        ),
    ] = None
    workloads: Annotated[
        list[str], Meta(description="Names of the workloads that the role is about, as globs; any without them.")
    ] = msgspec.field(default_factory=list)
    seconds: Annotated[float, Meta(ge=0, le=280, description="Time until it is so.")] = 30.0

    def __post_init__(self) -> None:
        """Refuse parameters that name no object, or compare with what cannot be compared."""
        if not self.kind and self.role is None:
            raise ValueError("it has a kind or a role")
        if not self.expect:
            raise ValueError("expect asks for at least one field")
        if problem := next(problems(self.expect), ""):
            raise ValueError(f"expect, {problem}")


class Seen(Record):
    """Objects as they were when one was right, or the time was up."""

    is_served: bool
    """Whether the cluster has the kind at all."""
    objects: tuple[dict[str, Any], ...] = ()


@check("kubernetes.resource", capabilities=("kubernetes",), measure="%")
def resource(context: Context, params: Resource) -> Outcome:
    """An object in the cluster is as asked, within some seconds: some of its fields, as the cluster sees them.

    It is found by its kind, its part for a workload, its name or labels; where several are found, the best one counts.
    It is watched until all is right or the time is up. Each field that is asked for is worth the same, and what
    differs is shown, those fields alone. Values of Secrets are not looked at.
    """
    deployed = deployed_of(context, params.of)

    def make() -> Seen:
        # Bounds are raised while pods of ours are beside the learner's, which is done by one check at a time.
        is_bound = params.kind in BOUNDS
        with alone(context.kubernetes, context.deadline) if is_bound else nullcontext():
            return _look(context, params, deployed)

    return judge(params, context.observe("objects", Seen, make), deployed)


def judge(params: Resource, found: Seen, deployed: Deployed) -> Outcome:
    """Judge the objects that were seen. Raises `NotAssessed` for a kind that this cluster does not have."""
    wanted = _title(params)
    if not found.is_served:
        raise NotAssessed(f"The cluster has no kind {wanted}.", "Install what defines it, or leave the check out.")
    chosen = [each for each in found.objects if _is_meant(each, params, deployed)]
    if not chosen:
        there = ", ".join(each["metadata"]["name"] for each in found.objects) or "none"
        place = _place(deployed, wanted.split(" ")[0])
        raise CheckFailed(
            f"There is no {wanted} in the cluster.",
            Evidence(kind=EvidenceKind.FIELD, path=wanted, expected=wanted, actual=there),
            *place,
        )
    best, held = max(((each, hold(params.expect, each)) for each in chosen), key=lambda pair: pair[1].right)
    title = f"{best.get('kind') or wanted} {best['metadata']['name']}"
    if any(each.written.startswith("status.conditions") for each in held.differences) and _names_a_probe(best):
        raise NotAssessed(f"{title} still counts a pod of ours, which is gone by now.", "Grade again.")
    share = round(100 * held.right / held.asked, 2)
    evidence = [*_evidence(title, held), *(_place(deployed, *title.split(" ", 1)) if held.differences else ())]
    message = f"{title} is as asked in {held.right} of {held.asked} fields"
    if held.differences:
        first = held.differences[0]
        message += f": {first.written} is {first.actual}, not {first.expected}"
    return Outcome.partial(
        Fraction(held.right, held.asked),
        f"{message}.",
        *evidence,
        measure=Measure(value=share, unit="%", threshold=100),
    )


def _look(context: Context, params: Resource, deployed: Deployed) -> Seen:
    cluster: Cluster = context.kubernetes.cluster
    kind = params.kind or KINDS[params.role or ""][1]
    version = params.api_version or (KINDS[params.role][0] if params.role else VERSIONS.get(kind, "v1"))
    resource = cluster.resource(version, kind)
    if resource is None:
        return Seen(is_served=False)
    last: list[dict[str, Any]] = []

    def look(objects: list[Mapping[str, Any]]) -> bool | None:
        last[:] = [_plain(each, version, kind) for each in objects if not _is_of_us(each)]
        chosen = (each for each in last if _is_meant(each, params, deployed))
        return True if any(not hold(params.expect, each).differences for each in chosen) else None

    limit = Deadline(min(params.seconds, context.deadline.remaining()))
    cluster.await_(resource, deployed.namespace if resource.is_namespaced else "", look, limit)
    context.deadline.check()
    return Seen(is_served=True, objects=tuple(last))


def _plain(found: Mapping[str, Any], version: str, kind: str) -> dict[str, Any]:
    """Return an object without what only the cluster needs, and without anybody's secrets."""
    metadata = {key: value for key, value in found["metadata"].items() if key != "managedFields"}
    plain = {"apiVersion": version, "kind": kind, **found, "metadata": metadata}
    if kind == "Secret":
        plain["data"] = dict.fromkeys(found.get("data") or {}, HIDDEN)
    return plain


def _names_a_probe(found: Mapping[str, Any]) -> bool:
    """Whether a condition of an object is what it is because of a probe of ours with a workload's labels."""
    conditions = (found.get("status") or {}).get("conditions") or ()
    return any(PROBE_NAME in str(each.get("message")) for each in conditions)


def _is_of_us(found: Mapping[str, Any]) -> bool:
    return is_ours(found) or str(found["metadata"]["name"]).startswith(OURS)


def _is_meant(found: Mapping[str, Any], params: Resource, deployed: Deployed) -> bool:
    metadata = found["metadata"]
    if not fnmatchcase(metadata["name"], params.name):
        return False
    if params.labels and not selects_plainly(params.labels, metadata.get("labels") or {}):
        return False
    return params.role is None or plays(params.role, found, deployed, params.workloads)


def _title(params: Resource) -> str:
    kind = params.kind or KINDS[params.role or ""][1]
    named = f" {params.name}" if params.name != "*" else ""
    about = f" that {params.role} {' or '.join(params.workloads) or 'a workload'}" if params.role else ""
    labels = ", ".join(f"{key}={value}" for key, value in params.labels.items())
    return f"{kind}{named}{about}{f' with {labels}' if labels else ''}"


def _evidence(title: str, held: Held) -> list[Evidence]:
    if not held.differences:
        return [Evidence(kind=EvidenceKind.FIELD, path=title, expected="as asked", actual=f"{held.asked} fields are")]
    return [
        Evidence(kind=EvidenceKind.FIELD, path=f"{title}: {each.written}", expected=each.expected, actual=each.actual)
        for each in held.differences[:12]
    ]


def _place(deployed: Deployed, kind: str, name: str = "") -> list[Evidence]:
    """Return where the learner wrote the object, or others of its kind."""
    found = deployed.named(kind, name)
    return [each.evidence() for each in ([found] if found else deployed.of_kind(kind))[:3]]
