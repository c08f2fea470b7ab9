"""Waiting until workloads have come up in a cluster, and looking whether they stay so."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import PODS, Cluster, Resource
from infra_grader.reading.kube_rollout_objects import Objects, rollout_of
from infra_grader.reading.kube_rollout_patience import IN_VAIN, UNCONFIGURED, Patience
from infra_grader.reading.kube_rollout_seen import Container, Pod, Rollout
from infra_grader.reading.live_deployed import Deployed, DeployedObject

AWAITED = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "Pod")
"""Kinds that come up, or end, by themselves."""
REPLICA_SETS = Resource(api_version="apps/v1", kind="ReplicaSet", plural="replicasets", is_namespaced=True)
EVENTS = Resource(api_version="v1", kind="Event", plural="events", is_namespaced=True)
NEVER_RAN = frozenset({*IN_VAIN, UNCONFIGURED})
"""Why a container waits that has printed nothing."""
MOST_LOGS = 8
LOG_LINES = 150
"""As long as a traceback of several exceptions."""
MOST_CHARACTERS = 32 * 1024


def chosen_workloads(deployed: Deployed, names: Sequence[str]) -> list[DeployedObject]:
    """Return the workloads that come up by themselves, those of these names, as globs, if there are any."""
    found = deployed.of_kind(*AWAITED)
    return [each for each in found if not names or any(fnmatchcase(each.name, name) for name in names)]


def await_rollout(
    cluster: Cluster,
    namespace: str,
    targets: Sequence[tuple[Resource, str]],
    seconds: float,
    stays_s: float,
    deadline: Deadline,
    *,
    is_done: Callable[[Rollout], bool] = lambda found: found.is_up,
    patience: Patience | None = None,
) -> Rollout:
    """Wait until workloads are up, for so many seconds, and look whether they stay so; return what was seen last.

    It is not waited for what is lost already, as `patience` tells, and no longer than until `is_done`.
    """
    resources = list(dict.fromkeys(resource for resource, _ in targets if resource.kind != "Pod"))
    extra = [] if any(each.kind == "ReplicaSet" for each in resources) else [REPLICA_SETS]
    followed = [PODS, EVENTS, *resources, *extra]
    began = time.monotonic()
    limit = patience or Patience()

    def seen(lists: list[Objects]) -> Rollout:
        by_kind = {resource.kind: found for resource, found in zip(followed, lists, strict=True)}
        return rollout_of([(resource.kind, name) for resource, name in targets], by_kind)

    def settled(lists: list[Objects]) -> Rollout | None:
        found = seen(lists)
        return found if is_done(found) or limit.is_over(found, time.monotonic()) else None

    with cluster.watch(*((resource, namespace) for resource in followed)) as watch:
        first = watch.until(settled, Deadline(min(seconds, deadline.remaining())), every_s=1.0)
        waited = time.monotonic() - began
        found = first or seen(watch.now)
        before = found.restarts
        while found.is_up and stays_s:
            calm = found
            watch.until(lambda _lists: None, Deadline(min(stays_s, deadline.remaining())))
            found = seen(watch.now)
            if found.is_up or not _has_grown(calm, found):
                break
            left = min(began + seconds - time.monotonic(), deadline.remaining())
            found = watch.until(settled, Deadline(max(0.0, left)), every_s=1.0) or seen(watch.now)
    found = found.replace(
        waited_s=round(waited, 2), restarts_before=before, stayed_s=round(time.monotonic() - began - waited, 2)
    )
    return with_logs(found, lambda pod, container, previous: _log(cluster, namespace, pod, container, previous))


def _has_grown(before: Rollout, now: Rollout) -> bool:
    """Whether a scaler asks for more pods of a workload meanwhile; what it asks for first comes up to 15 s late."""
    wanted = {each.title: each.wanted for each in before.workloads}
    return any(each.wanted > wanted.get(each.title, 0) for each in now.workloads)


def with_logs(found: Rollout, log: Callable[[str, str, bool], str]) -> Rollout:
    """Return what was seen, with the last lines of containers in which something is wrong: once for each workload."""
    known: set[tuple[str, str]] = set()

    def told(pod: Pod, container: Container) -> Container:
        key = (pod.workload, container.name)
        is_odd = container.restarts or container.is_broken
        if not is_odd or pod.is_ending or key in known or len(known) >= MOST_LOGS or container.waits in NEVER_RAN:
            return container
        # Around the moment at which it is started again, either of the two may be empty.
        first = container.restarts > 0
        lines = log(pod.name, container.name, first) or log(pod.name, container.name, not first)
        if lines:
            known.add(key)
        return container.replace(log=lines)

    return found.replace(
        pods=tuple(
            pod.replace(containers=tuple(told(pod, container) for container in pod.containers)) for pod in found.pods
        )
    )


def _log(cluster: Cluster, namespace: str, pod: str, container: str, previous: bool) -> str:
    # A limit cuts the end off, and the end is what tells: it is larger than such lines are.
    log = cluster.logs(
        pod, namespace, container=container, previous=previous, lines=LOG_LINES, limit_bytes=16 * MOST_CHARACTERS
    )
    return log[-MOST_CHARACTERS:]
