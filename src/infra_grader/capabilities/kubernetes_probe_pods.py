"""The pods from which is asked: made where and as whom a check wants to ask, and removed with the run."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra_grader.capabilities import _probe_pod, _reference_service
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import PODS, Cluster, Refused
from infra_grader.capabilities.kubernetes_bounds import Bounds, bounds_of, ranges_away, room_beside
from infra_grader.capabilities.kubernetes_owner import DOMAIN
from infra_grader.capabilities.kubernetes_probe import Probe
from infra_grader.capabilities.kubernetes_room import refusing
from infra_grader.model.outcome import NotAssessed, Unavailable
from infra_grader.model.record import Record

if TYPE_CHECKING:
    from infra_grader.capabilities.live_kubernetes import LiveKubernetes

PROBE_LABEL = f"{DOMAIN}/probe"
"""The label of pods that ask, with the name of the pod."""
ADMITTED_LABEL = f"{DOMAIN}/admitted"
"""The label of those that our own policies let through to what they ask."""
GATE = f"{DOMAIN}/serves"
"""A condition that no pod of ours ever has: one with a learner's labels must not be served from."""
START_S = 60.0
NOTICE_S = 5.0
"""Seconds in which the server notices that a quota is raised, or a range is empty."""
PAUSE_S = 0.1
LONGEST_S = 3600
"""After which a probe ends, whatever became of the grader."""
NOBODY = 65_534
HOPELESS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
REMEDY = "Name an image with python3 that the nodes can pull as the lab's `probe-image`."


class Place(Record):
    """Where a pod asks from, and as whom."""

    namespace: str
    labels: Mapping[str, str] = {}
    """Labels that make it look like another pod; such a one is never ready, so that no Service leads to it."""
    is_admitted: bool = False
    """Whether our own policies let it through to what it asks."""


def shared_probe(live: LiveKubernetes, place: Place, deadline: Deadline) -> Probe:
    """Return the run's probe of a place, which the first who asks for it makes; raises as `probes` does.

    A check does not pay for the time in which it starts. It is for namespaces of ours, in which no learner sets bounds.
    """
    key = ("probe", place.namespace, tuple(sorted(place.labels.items())), place.is_admitted)
    with deadline.paused():
        pod = live.once(key, lambda: _start(live, [place], {})[0])
    return Probe(live.cluster, place.namespace, pod)


@contextmanager
def probes(live: LiveKubernetes, places: Sequence[Place], deadline: Deadline) -> Iterator[list[Probe]]:
    """Yield a running probe for each place, all of them removed after the block; a check does not pay for their start.

    Quotas of the learner's make room for them meanwhile, so that in a namespace of theirs only one block may run at a
    time, as in `kubernetes_service.alone`. Raises `NotAssessed` where the image cannot be had or no node takes them,
    `Unavailable` where they do not start.
    """
    cluster = live.cluster
    with ExitStack() as beside:
        with deadline.paused():
            bounds = {}
            for namespace, pods in Counter(place.namespace for place in places).items():
                bounds[namespace] = bounds_of(cluster, namespace)
                beside.enter_context(room_beside(cluster, namespace, bounds[namespace], pods))
            names = _start(live, places, bounds)
        try:
            yield [Probe(cluster, place.namespace, name) for place, name in zip(places, names, strict=True)]
        finally:
            with deadline.paused():
                for place, name in zip(places, names, strict=True):
                    cluster.delete(PODS, name, place.namespace, grace_s=0)
                beside.close()


def probe_manifest(
    name: str,
    place: Place,
    image: str,
    labels: Mapping[str, str],
    owner: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the pod of a probe.

    It asks for no CPU and memory, which the learner's pods may need to the last, where no `resources` are given.
    """
    programs = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in (_probe_pod, _reference_service)]
    admitted = {ADMITTED_LABEL: "true"} if place.is_admitted else {}
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": place.namespace,
        "labels": {**place.labels, **labels, **admitted, PROBE_LABEL: name},
    }
    if owner is not None:  # a controller takes pods for its own that have its labels and no other owner
        reference = {"apiVersion": "v1", "kind": owner["kind"], "name": owner["name"], "uid": owner["uid"]}
        metadata["ownerReferences"] = [{**reference, "controller": True, "blockOwnerDeletion": False}]
    container = {
        "name": "probe",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-I", "-B", "-c", *programs],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        **({"resources": resources} if resources else {}),
    }
    spec = {
        "containers": [container],
        "restartPolicy": "Never",
        "activeDeadlineSeconds": LONGEST_S,
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "dnsConfig": {"options": [{"name": "timeout", "value": "1"}, {"name": "attempts", "value": "3"}]},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "runAsGroup": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **({"readinessGates": [{"conditionType": GATE}]} if place.labels else {}),
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _start(live: LiveKubernetes, places: Sequence[Place], bounds: Mapping[str, Bounds]) -> list[str]:
    """Make a pod for each place, within the bounds of its namespace, and return their names when all of them run."""
    names = [live.name("probe") for _ in places]
    with ExitStack() as undoing:
        for place, name in zip(places, names, strict=True):
            undoing.callback(live.cluster.delete, PODS, name, place.namespace, grace_s=0)
        for namespace in dict.fromkeys(place.namespace for place in places):
            within = bounds.get(namespace, Bounds())
            with ranges_away(live.cluster, namespace, within):
                for place, name in zip(places, names, strict=True):
                    if place.namespace == namespace:
                        _make(live, place, name, within)
        limit = Deadline(START_S)
        for place, name in zip(places, names, strict=True):
            _await(live.cluster, place.namespace, name, limit)
        undoing.pop_all()  # from here on, the caller removes them
    return names


def _make(live: LiveKubernetes, place: Place, name: str, bounds: Bounds) -> None:
    owner = _owner(live.cluster, place.namespace) if place.labels else None
    manifest = probe_manifest(name, place, live.lab.probe_image, live.labels, owner, bounds.resources)
    patience = Deadline(NOTICE_S if bounds.are_there else 0)
    while True:
        try:
            live.cluster.create(manifest, place.namespace)
        except Refused:
            if not patience.remaining():
                with refusing("a pod that asks"):
                    raise
            time.sleep(PAUSE_S)
        else:
            return


def _owner(cluster: Cluster, namespace: str) -> Mapping[str, Any]:
    """Return the account that every namespace has, which controls no pods."""
    accounts = cluster.resource("v1", "ServiceAccount")
    found = cluster.get(accounts, "default", namespace) if accounts is not None else None
    if found is None:
        raise Unavailable(f"The namespace {namespace} has no service account yet.", "Grade again.")
    return {"kind": "ServiceAccount", "name": "default", "uid": found["metadata"]["uid"]}


def _await(cluster: Cluster, namespace: str, name: str, limit: Deadline) -> None:
    last = "it was not seen"

    def look(pods: list[Mapping[str, Any]]) -> bool | None:
        nonlocal last
        for pod in pods:
            is_running, last = running(pod)
            return True if is_running else None
        return None

    if not cluster.await_(PODS, namespace, look, limit, fields=f"metadata.name={name}"):
        raise Unavailable(f"A probe of ours did not start in the cluster: {last}.", "Grade again.")


def running(pod: Mapping[str, Any]) -> tuple[bool, str]:
    """Return whether a probe runs, and else why not. Raises `NotAssessed` where it never will."""
    status = pod.get("status") or {}
    for each in status.get("containerStatuses") or ():
        state = each.get("state") or {}
        if state.get("running"):
            return True, ""
        waiting = state.get("waiting") or {}
        if waiting.get("reason") in HOPELESS:
            raise NotAssessed(f"The image of our probes cannot be pulled: {waiting.get('message', '')[:200]}.", REMEDY)
        if ended := state.get("terminated"):
            raise NotAssessed(f"Our probe ends at once: {str(ended.get('message') or ended)[:200]}.", REMEDY)
        return False, str(waiting.get("message") or waiting.get("reason") or "its container does not run yet")
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return False, str(condition.get("message") or "no node takes it")
    return False, str(status.get("message") or f"it is {status.get('phase', 'Pending').lower()}")
