"""How pods stop when they are asked to, and whether a Deployment finds back to what it was before an update."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import PODS, Cluster, Resource
from infra_grader.model.record import Record
from infra_grader.reading.kube_rollout import EVENTS, REPLICA_SETS, await_rollout
from infra_grader.reading.kube_rollout_seen import Rollout
from infra_grader.reading.kube_seen import is_ours, owner_of

REVISION = "deployment.kubernetes.io/revision"
MARK = "infra-grader.io/update"
"""The annotation by which we make an update that changes nothing else."""


class Stop(Record):
    """One pod that was asked to stop."""

    workload: str
    pod: str
    seconds: float
    grace_s: int
    """What the pod has for it before it is killed."""
    hooks: tuple[str, ...] = ()
    """What was said of hooks that failed."""
    is_gone: bool = True


class Stops(Record):
    """A pod of each workload, asked to stop."""

    stops: tuple[Stop, ...]


class Undo(Record):
    """One update of a Deployment that changed nothing, and its rollback."""

    workload: str
    problem: str = ""
    """Why there was no way back; nothing where there was."""
    seconds: float = 0.0
    unscheduled: str = ""
    """Why no node took a pod of it, in the scheduler's words."""


class Undos(Record):
    """Deployments that were updated and rolled back."""

    undos: tuple[Undo, ...]


def stop_one_each(
    cluster: Cluster,
    namespace: str,
    targets: Sequence[tuple[Resource, str]],
    most_s: float,
    deadline: Deadline,
) -> Stops:
    """Ask one pod of each workload to stop, all at once, and wait until they are gone; `await_back` is for the rest."""
    gone: dict[str, float] = {}

    def look(lists: list[list[Mapping[str, Any]]]) -> bool | None:
        there = {each["metadata"]["uid"] for each in lists[0] if not _has_stopped(each)}
        for title, pod in chosen.items():
            if pod["metadata"]["uid"] not in there:
                gone.setdefault(title, time.monotonic() - began)
        return True if len(gone) == len(chosen) else None

    with cluster.watch((PODS, namespace), (EVENTS, namespace), (REPLICA_SETS, namespace)) as watch:
        pods, _, sets = watch.now
        chosen = _one_of_each(targets, pods, sets)
        began = time.monotonic()
        for pod in chosen.values():
            cluster.delete(PODS, pod["metadata"]["name"], namespace)
        watch.until(look, Deadline(min(most_s, deadline.remaining())))
        lasted = time.monotonic() - began
        events = watch.now[1]
    stops = [
        Stop(
            workload=title,
            pod=pod["metadata"]["name"],
            seconds=round(gone.get(title, lasted), 2),
            grace_s=int((pod.get("spec") or {}).get("terminationGracePeriodSeconds", 30)),
            hooks=tuple(_hooks(pod, events)),
            is_gone=title in gone,
        )
        for title, pod in chosen.items()
    ]
    return Stops(stops=tuple(stops))


def _one_of_each(
    targets: Sequence[tuple[Resource, str]], pods: Sequence[Mapping[str, Any]], sets: Sequence[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """Return a pod that runs of each workload, by the workload's title."""
    owners = {f"ReplicaSet {each['metadata']['name']}": owner_of(each) for each in sets}
    running = [each for each in pods if not is_ours(each) and _runs(each)]
    chosen = {}
    for resource, name in targets:
        title = f"{resource.kind} {name}"
        own = [pod for pod in running if title in (owner := owner_of(pod), owners.get(owner))]
        if own:
            chosen[title] = own[0]
    return chosen


def await_back(cluster: Cluster, namespace: str, targets: Sequence[tuple[Resource, str]], seconds: float) -> None:
    """Wait until as many pods of the workloads are ready as they want, for so many seconds at most."""
    # Ready is enough: that it stays so for the workload's minReadySeconds was seen before.
    await_rollout(cluster, namespace, targets, seconds, 0, Deadline(seconds), is_done=_is_ready)


def undo_each(
    cluster: Cluster, namespace: str, deployments: Sequence[tuple[Resource, str]], seconds: float, deadline: Deadline
) -> Undos:
    """Update each Deployment by an annotation of its pods, and roll it back as `kubectl rollout undo` does."""
    return Undos(undos=tuple(_undo(cluster, namespace, each, seconds, deadline) for each in deployments))


def _undo(cluster: Cluster, namespace: str, target: tuple[Resource, str], seconds: float, deadline: Deadline) -> Undo:
    resource, name = target
    title = f"{resource.kind} {name}"
    before = cluster.get(resource, name, namespace)
    if before is None:
        return Undo(workload=title, problem="it is not there any more")
    revision = before["metadata"].get("annotations", {}).get(REVISION, "")
    mark = {"spec": {"template": {"metadata": {"annotations": {MARK: str(int(time.time()))}}}}}
    cluster.patch(resource, name, namespace, mark)
    updated = await_rollout(cluster, namespace, [target], seconds, 0, deadline)
    if not updated.is_up:
        problem = f"an update that changes nothing is not done within {seconds:g} s"
        return Undo(workload=title, problem=problem, unscheduled=_unscheduled(updated))
    kept = [
        each
        for each in cluster.list(REPLICA_SETS, namespace)
        if owner_of(each) == title and each["metadata"].get("annotations", {}).get(REVISION) == revision
    ]
    if not kept:
        return Undo(workload=title, problem="the revision before is not kept (revisionHistoryLimit)")
    began = time.monotonic()
    cluster.patch(resource, name, namespace, {"spec": {"template": {"metadata": {"annotations": {MARK: None}}}}})
    back = await_rollout(cluster, namespace, [target], seconds, 0, deadline)
    lasted = round(time.monotonic() - began, 2)
    set_name = kept[0]["metadata"]["name"]
    after = cluster.get(REPLICA_SETS, set_name, namespace)
    if not back.is_up or after is None or not (after.get("status") or {}).get("replicas"):
        problem = f"it is not back at the revision before within {seconds:g} s"
        return Undo(workload=title, problem=problem, seconds=lasted, unscheduled=_unscheduled(back))
    return Undo(workload=title, seconds=lasted)


def _unscheduled(found: Rollout) -> str:
    return next((pod.unscheduled for pod in found.pods if pod.unscheduled and not pod.is_ending), "")


def _is_ready(found: Rollout) -> bool:
    return not found.missing and all(each.ready >= each.wanted for each in found.workloads)


def _has_stopped(pod: Mapping[str, Any]) -> bool:
    """Whether all its containers have ended; that its node then takes the pod away is not the pod's time."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _runs(pod: Mapping[str, Any]) -> bool:
    return (pod.get("status") or {}).get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")


def _hooks(pod: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is said of the hooks of a pod that failed while it stopped."""
    name = pod["metadata"]["name"]
    return [
        str(each.get("message") or each["reason"])
        for each in events
        if each.get("reason") == "FailedPreStopHook" and (each.get("involvedObject") or {}).get("name") == name
    ]
