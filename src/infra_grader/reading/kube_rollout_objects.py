"""Out of the objects of a cluster's API: how far workloads have come up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from infra_grader.reading.kube_rollout_seen import Container, Event, Pod, Rollout, Workload
from infra_grader.reading.kube_seen import is_ours, owner_of

Objects = list[Mapping[str, Any]]
UNTEMPLATED = ("ReplicaSet", "ReplicationController")
"""Kinds that tell no pods of an older template apart."""


def rollout_of(targets: Iterable[tuple[str, str]], by_kind: Mapping[str, Objects]) -> Rollout:
    """Return what the API's objects say of workloads, each given by kind and name."""
    owners = {f"ReplicaSet {each['metadata']['name']}": owner_of(each) for each in by_kind.get("ReplicaSet", ())}
    events = [_event(each) for each in by_kind.get("Event", ())]
    pods = [_pod(each, owners, events) for each in by_kind.get("Pod", ()) if not is_ours(each)]
    workloads, missing, chosen = [], [], []
    for kind, name in targets:
        found = next((each for each in by_kind.get(kind, ()) if each["metadata"]["name"] == name), None)
        if found is None:
            missing.append(f"{kind} {name}")
            continue
        own = [each for each in pods if each.workload == f"{kind} {name}"]
        times = [
            _ready_at(each) for each in by_kind.get("Pod", ()) if each["metadata"]["name"] in {pod.name for pod in own}
        ]
        workloads.append(
            _workload(kind, found, [each for each in times if each is not None], _trouble(kind, found, by_kind, events))
        )
        chosen += own
    return Rollout(workloads=tuple(workloads), pods=tuple(chosen), missing=tuple(missing))


def _workload(kind: str, found: Mapping[str, Any], ready_at: list[float], trouble: str) -> Workload:
    spec, status = found.get("spec") or {}, found.get("status") or {}
    created = _time(found["metadata"]["creationTimestamp"])
    is_seen = status.get("observedGeneration", 0) >= found["metadata"].get("generation", 0)
    name = found["metadata"]["name"]
    if kind == "Pod":
        is_up = any(_has(found, "Ready")) or status.get("phase") == "Succeeded"
        state = Workload(kind=kind, name=name, wanted=1, ready=int(is_up), available=int(is_up))
    elif kind == "Job":
        wanted = spec.get("completions") or 1
        has_failed = any(_has(found, "Failed"))
        done = wanted if any(_has(found, "Complete")) else min(wanted - 1, status.get("succeeded", 0))
        state = Workload(kind=kind, name=name, wanted=wanted, ready=done, available=done, has_failed=has_failed)
    elif kind == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        is_new = status.get("updatedNumberScheduled", 0) >= wanted
        state = Workload(
            kind=kind, name=name, wanted=wanted, ready=status.get("numberReady", 0),
            available=status.get("numberAvailable", 0), is_current=is_seen and is_new,
        )  # fmt: skip
    else:
        wanted = spec.get("replicas", 1)
        is_new = kind in UNTEMPLATED or status.get("updatedReplicas", 0) >= wanted >= status.get("replicas", 0)
        state = Workload(
            kind=kind, name=name, wanted=wanted, ready=status.get("readyReplicas", 0),
            available=status.get("availableReplicas", 0), is_current=is_seen and is_new,
        )  # fmt: skip
    last = max(ready_at, default=created) + spec.get("minReadySeconds", 0)
    if kind == "Job" and status.get("completionTime"):
        last = _time(status["completionTime"])
    return state.replace(trouble=trouble, seconds=max(0.0, last - created) if state.is_up else None)


def _trouble(kind: str, found: Mapping[str, Any], by_kind: Mapping[str, Objects], events: list[Event]) -> str:
    """Return why a workload cannot make pods, as it or its ReplicaSet says."""
    name = found["metadata"]["name"]
    sets = [one for one in by_kind.get("ReplicaSet", ()) if owner_of(one) == f"{kind} {name}"]
    for each in (found, *sets):
        for condition in _has(each, "ReplicaFailure"):
            return str(condition.get("message") or condition.get("reason"))
    own = {(kind, name), *(("ReplicaSet", one["metadata"]["name"]) for one in sets)}
    told = [each.message for each in events if each.reason == "FailedCreate" and (each.kind, each.name) in own]
    return told[-1] if told else ""


def _pod(found: Mapping[str, Any], owners: Mapping[str, str], events: Iterable[Event]) -> Pod:
    meta, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    owner = owner_of(found)
    scheduled: Mapping[str, Any] = next(
        (
            each
            for each in status.get("conditions") or ()
            if each["type"] == "PodScheduled" and each["status"] == "False"
        ),
        {},
    )
    return Pod(
        name=meta["name"],
        workload=owners.get(owner) or owner or f"Pod {meta['name']}",
        phase=str(status.get("phase") or "Pending"),
        reason=str(status.get("reason") or ""),
        message=str(status.get("message") or ""),
        is_ready=any(_has(found, "Ready")),
        is_ending=bool(meta.get("deletionTimestamp")),
        unscheduled=str(scheduled.get("message") or scheduled.get("reason") or ""),
        containers=(*_containers(spec, status, is_init=True), *_containers(spec, status, is_init=False)),
        events=tuple(each for each in events if (each.kind, each.name) == ("Pod", meta["name"])),
    )


def _containers(spec: Mapping[str, Any], status: Mapping[str, Any], *, is_init: bool) -> Iterator[Container]:
    key, states = ("initContainers", "initContainerStatuses") if is_init else ("containers", "containerStatuses")
    known = {each["name"]: each for each in status.get(states) or ()}
    for each in spec.get(key) or ():
        seen = known.get(each["name"]) or {}
        state = seen.get("state") or {}
        ended = state.get("terminated") or (seen.get("lastState") or {}).get("terminated") or {}
        waiting = state.get("waiting") or {}
        yield Container(
            name=each["name"],
            image=str(each.get("image") or ""),
            is_init=is_init and each.get("restartPolicy") != "Always",
            is_ready=bool(seen.get("ready")),
            is_running="running" in state,
            restarts=int(seen.get("restartCount") or 0),
            waits=str(waiting.get("reason") or ""),
            message=str(waiting.get("message") or ended.get("message") or ""),
            ended=str(ended.get("reason") or ""),
            exit_status=ended.get("exitCode"),
        )


def _event(found: Mapping[str, Any]) -> Event:
    about = found.get("involvedObject") or {}
    series = found.get("series") or {}
    return Event(
        kind=str(about.get("kind") or ""),
        name=str(about.get("name") or ""),
        reason=str(found.get("reason") or ""),
        message=str(found.get("message") or ""),
        count=int(found.get("count") or series.get("count") or 1),
        is_warning=found.get("type") == "Warning",
    )


def _has(found: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    """Yield the condition of a type if it holds."""
    for each in (found.get("status") or {}).get("conditions") or ():
        if each["type"] == kind and each["status"] == "True":
            yield each


def _ready_at(pod: Mapping[str, Any]) -> float | None:
    return next((_time(each["lastTransitionTime"]) for each in _has(pod, "Ready")), None)


def _time(said: str) -> float:
    return datetime.fromisoformat(said).timestamp()
