"""The kubernetes.logs check kind."""

from __future__ import annotations

import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Annotated, Any

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import PODS
from infra_grader.model.record import Record
from infra_grader.plugin import (
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Handle,
    Measure,
    Meta,
    Outcome,
    all_but,
    check,
)
from infra_grader.reading.kube_rollout import REPLICA_SETS, chosen_workloads
from infra_grader.reading.kube_seen import is_ours, owner_of
from infra_grader.reading.live_deployed import deployed_of
from infra_grader.reading.printed_log import LogParams, missed_in

MOST_LINES = 1000
MOST_BYTES = 256 * 1024
MOST_PODS = 10
AGAIN_S = 0.5
"""How long to wait for lines that are not printed yet; nothing of the API tells of them otherwise."""
SHOWN = 600


class Logs(LogParams, kw_only=True):
    """What the pods of a workload print, and what not."""

    of: Annotated[Handle, Meta(description="Id of the check that put them into the cluster.")]
    workloads: Annotated[list[str], Meta(description="Names of the workloads, as globs; without any, all of them.")] = (
        msgspec.field(default_factory=list)
    )
    seconds: Annotated[float, Meta(ge=0, le=120, description="Time until its lines and texts are printed.")] = 10.0
    container: Annotated[str, Meta(description="Name of the container, as a glob; those that prepare a pod too.")] = "*"


class Printed(Record):
    """What one container has printed."""

    pod: str
    container: str
    text: str


class Seen(Record):
    """What the pods have printed."""

    printed: tuple[Printed, ...]


@check("kubernetes.logs", capabilities=("kubernetes", "command"), measure="%")
def logs(context: Context, params: Logs) -> Outcome:
    """Pods print what they do, as they were asked to.

    The end of what the containers of a workload's pods have printed is read, all of it together, as `kubectl logs`
    shows it. Each of what was asked is worth the same: that they print at all, each text and pattern, the share of
    lines that are JSON, each field, and that what must not be there is not.
    """
    asked = all_but(params, "matches", "json_share", "fields", "lacks")
    found = context.observe("logs", Seen, lambda: _look(context, params), asked=asked)
    wanted = " or ".join(params.workloads) or "workload"
    if not found.printed:
        raise CheckFailed(
            f"There is no pod of a {wanted} whose log could be read.",
            Evidence(kind=EvidenceKind.COMMAND, path="kubectl get pods", expected="a pod that has run", actual="none"),
        )
    text = "".join(
        each.text if each.text.endswith("\n") or not each.text else f"{each.text}\n" for each in found.printed
    )
    names = sorted({each.pod for each in found.printed})
    command = f"kubectl logs {names[0]}" if len(names) == 1 else f"kubectl logs of {len(names)} pods"
    held = missed_in(context, params, text.encode(), command)
    missed = [fault for fault in held if fault is not None]
    if not text.strip():
        missed = [Evidence(kind=EvidenceKind.COMMAND, path=command, expected=f"{params.lines} lines", actual="nothing")]
        held = [missed[0]]
    right = len(held) - len(missed)
    message = f"The pods print {right} of {len(held)} things as asked."
    if missed:
        message = f"What the pods print is not as asked: {missed[0].expected}; there is {missed[0].actual}."
    end = Evidence(kind=EvidenceKind.COMMAND, path=command, text=text.strip()[-SHOWN:] or "nothing was printed")
    measure = Measure(value=round(100 * right / len(held), 2), unit="%", threshold=100)
    return Outcome.partial(Fraction(right, len(held)), message, *missed, end, measure=measure)


def _look(context: Context, params: Logs) -> Seen:
    """Return what is printed, as soon as that is enough, or the time is up."""
    limit = Deadline(min(params.seconds, context.deadline.remaining()))
    while True:
        found = _read(context, params)
        text = "\n".join(each.text for each in found.printed)
        lines = [line for line in text.splitlines() if line.strip()]
        is_enough = len(lines) >= params.lines and all(part in text for part in params.contains)
        if is_enough or limit.remaining() <= 0:
            return found
        time.sleep(min(AGAIN_S, limit.remaining()))


def _read(context: Context, params: Logs) -> Seen:
    cluster = context.kubernetes.cluster
    deployed = deployed_of(context, params.of)
    titles = {each.title for each in chosen_workloads(deployed, params.workloads)}
    owners = {
        f"ReplicaSet {each['metadata']['name']}": owner_of(each)
        for each in cluster.list(REPLICA_SETS, deployed.namespace)
    }
    pods = [each for each in cluster.list(PODS, deployed.namespace) if not is_ours(each)]
    own = [each for each in pods if _workload_of(each, owners) in titles]
    printed = []
    for pod in own[:MOST_PODS]:
        spec = pod.get("spec") or {}
        for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
            if fnmatchcase(container["name"], params.container):
                name = pod["metadata"]["name"]
                text = cluster.logs(
                    name, deployed.namespace, container=container["name"], lines=MOST_LINES, limit_bytes=MOST_BYTES
                )
                printed.append(Printed(pod=name, container=container["name"], text=text))
    return Seen(printed=tuple(printed))


def _workload_of(pod: Mapping[str, Any], owners: Mapping[str, str]) -> str:
    owner = owner_of(pod)
    return owners.get(owner) or owner or f"Pod {pod['metadata']['name']}"
