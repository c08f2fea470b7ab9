"""The pods of a workload, followed while something is done to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import PODS, Cluster, Resource
from infra_grader.capabilities.kubernetes_watch import Watch
from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed, Unavailable
from infra_grader.reading.kube_seen import Pod, Workload, is_ours, owner_of, pods_of
from infra_grader.reading.kube_target import seen

REPLICA_SETS = Resource(api_version="apps/v1", kind="ReplicaSet", plural="replicasets", is_namespaced=True)
CALM_S = 30.0
"""How long a workload may take at least to be whole before something is done to it."""
NO_ROOM = "Unschedulable"
Found = TypeVar("Found")
Objects = Sequence[Mapping[str, Any]]


class Following:
    """A workload and its pods as they are at each moment."""

    def __init__(self, watch: Watch, workload: Workload) -> None:
        self.workload = workload
        self._watch = watch

    @property
    def pods(self) -> list[Pod]:
        """The pods of the workload now."""
        return self._pods(self._watch.now)

    @property
    def object(self) -> Mapping[str, Any]:
        """The workload as the API has it. Raises `CheckFailed` where it is gone."""
        for each in self._watch.now[2]:
            if each["metadata"]["name"] == self.workload.name:
                return each
        raise CheckFailed(f"{self.workload.title} is not there any more.", seen(self.workload.title, "it", "nothing"))

    @property
    def trouble(self) -> str:
        """What keeps a pod of the workload from being ready, as the API words it; nothing where all is well."""
        mine = {pod.name for pod in self.pods}
        found = (trouble_of(each) for each in self._watch.now[0] if each["metadata"]["name"] in mine)
        return next(filter(None, found), "")

    def until(self, look: Callable[[list[Pod]], Found | None], deadline: Deadline) -> Found | None:
        """Return what `look` gives for the pods, as soon as that is not `None`; `None` when the time is up."""
        return self._watch.until(lambda lists: look(self._pods(lists)), deadline)

    def await_whole(self, seconds: float, deadline: Deadline) -> int:
        """Return how many pods are ready, once there are as many as asked for and none is ending.

        It may have been scaled up by what was done before, so that new pods are waited for as long as a check waits for
        them otherwise. Raises `CheckFailed` where that does not come about, as nothing can be said then of what is done
        to it, and `NotAssessed` where the lab has no room for its pods.
        """
        limit = Deadline(min(max(CALM_S, seconds), deadline.remaining()))
        if ready := self.until(self._whole, limit):
            return ready
        deadline.check()
        ready = sum(pod.is_ready for pod in self.pods)
        evidence = seen(self.workload.title, f"{self.wanted} ready pods", f"{ready} ready", self.trouble or None)
        excuse_for_room(self.trouble, evidence)
        raise CheckFailed(f"{self.workload.title} is not whole: {ready} of {self.wanted} pods are ready.", evidence)

    @property
    def wanted(self) -> int:
        """How many pods the workload is asked for now."""
        found = self.object
        if self.workload.kind == "DaemonSet":
            return int((found.get("status") or {}).get("desiredNumberScheduled", 0))
        return int((found.get("spec") or {}).get("replicas", 1))

    def _whole(self, pods: list[Pod]) -> int | None:
        ready = sum(pod.is_ready for pod in pods)
        is_whole = ready == len(pods) and ready >= max(1, self.wanted)
        return ready if is_whole else None

    def _pods(self, lists: Sequence[Objects]) -> list[Pod]:
        owners = {f"ReplicaSet {each['metadata']['name']}": owner_of(each) for each in lists[1]}
        every = pods_of([each for each in lists[0] if not is_ours(each)], owners)
        return [pod for pod in every if pod.owner == self.workload.title]


@contextmanager
def following(cluster: Cluster, namespace: str, workload: Workload) -> Iterator[Following]:
    """Yield a workload that is followed while the block runs."""
    resource = cluster.resource("apps/v1", workload.kind)
    if resource is None:
        raise Unavailable(f"The cluster does not serve {workload.kind} at the moment.", "Grade again.")
    with cluster.watch((PODS, namespace), (REPLICA_SETS, namespace), (resource, namespace)) as watch:
        yield Following(watch, workload)


def trouble_of(pod: Mapping[str, Any]) -> str:
    """Return why a pod is not ready, as its conditions and containers say it; nothing where they say nothing."""
    status = pod.get("status") or {}
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"{condition.get('reason', '')}: {condition.get('message', '')}"
    for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (each.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return f"{waiting['reason']}: {waiting.get('message', '')}"
    return ""


def excuse_for_room(trouble: str, *evidence: Evidence) -> None:
    """Raise `NotAssessed` where the trouble of a pod is that no node has room: its workload ran here as a whole."""
    if trouble.startswith(NO_ROOM):
        raise NotAssessed(
            "The cluster has no room for one pod more, which this needs.",
            "Grade on a larger cluster, or with the lab's request-scale.",
            *evidence,
        )


def excuse_for_scaling(title: str, before: int, wanted: int | None, *evidence: Evidence) -> None:
    """Raise `NotAssessed` where a workload is asked for fewer pods than before: a scaler took some away meanwhile."""
    if wanted is not None and wanted < before:
        raise NotAssessed(
            f"{title} was scaled down from {before} to {wanted} pods meanwhile.", "Grade again.", *evidence
        )


def is_updated(found: Mapping[str, Any], kind: str) -> bool:
    """Whether all pods of a workload are of its last revision, and available, by its own status."""
    spec, status = found.get("spec") or {}, found.get("status") or {}
    if status.get("observedGeneration", 0) < found["metadata"].get("generation", 0):
        return False
    if kind == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return bool(status.get("updatedNumberScheduled", 0) >= wanted and status.get("numberAvailable", 0) >= wanted)
    wanted = spec.get("replicas", 1)
    is_all = status.get("updatedReplicas", 0) >= wanted and status.get("availableReplicas", 0) >= wanted
    if kind == "StatefulSet":
        return bool(is_all and status.get("currentRevision") == status.get("updateRevision"))
    return bool(is_all and status.get("replicas", 0) == status.get("updatedReplicas", 0))
