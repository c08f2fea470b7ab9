"""Why workloads are not up, and whose fault that is: from what was seen, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from infra_grader.model.outcome import Evidence, EvidenceKind
from infra_grader.model.record import Record
from infra_grader.reading.kube_lab import OF_THE_LAB, CourseCluster, size_of
from infra_grader.reading.kube_rollout_idle import idle
from infra_grader.reading.kube_rollout_pull import is_registrys, is_unpulled, said_of_pull
from infra_grader.reading.kube_rollout_seen import Container, Pod, Rollout, Workload
from infra_grader.reading.kube_rollout_size import oversize, why_unplaced
from infra_grader.reading.kube_rollout_stand_ins import lacking
from infra_grader.reading.kube_rollout_wall import walled_off
from infra_grader.reading.live_deployed import Deployed
from infra_grader.reading.manifest_workload import Workload as Written

OF_THE_NODE = (
    "Evicted",
    "NodeLost",
    "NodeShutdown",
    "Terminated",
    "Preempting",
    "UnexpectedAdmissionError",
    "OutOfcpu",
    "OutOfmemory",
    "OutOfpods",
)
MOST_QUOTED = 400
OPEN = "Set `internet` to true in the lab's settings, or let the image hold what the service fetches."


class Cause(Record):
    """Why something is not up."""

    workload: str
    what: str
    """In a few words, without a full stop."""
    evidence: Evidence
    is_labs: bool = False
    """Whether the lab is why, and not the submission."""
    remedy: str = ""
    """What to do, where that is something else than to give the lab more room."""
    is_hollow: bool = False
    """Whether the workload only seems to be up: it is asked for no pods, or runs since the lab asks for less."""


def causes(
    found: Rollout,
    deployed: Deployed,
    cluster: CourseCluster | None,
    tags: Mapping[str, bool] = {},
    meant: Sequence[str] = (),
) -> list[Cause]:
    """Return why workloads are not up or do not stay so, those first that say most.

    `tags` says of images that could not be pulled whether the lab's registry has them, as far as it was asked; `meant`
    has the names, as globs, of workloads that may be asked for no pods.
    """
    told: dict[tuple[str, str, bool], Cause] = {
        (workload.title, "idle", is_labs): Cause(
            workload=workload.title, what=what, evidence=evidence, is_labs=is_labs, is_hollow=True
        )
        for workload, what, evidence, is_labs in idle(found, deployed, cluster, meant)
    }
    walled = walled_off(found, deployed)
    for workload in found.workloads:
        written = deployed.named(workload.kind, workload.name)
        if (
            workload.is_up
            and written
            and (too_large := _too_large(workload, Written(written.manifest), deployed, cluster))
        ):
            told.setdefault((workload.title, "size", False), too_large)
        if not workload.is_up and workload.trouble and len(found.pods_of(workload)) < workload.wanted:
            said = workload.trouble
            cause = Cause(
                workload=workload.title,
                what=f"it can make no pods: {_cut(said)}",
                evidence=_seen(workload.title, "pods", said),
                is_labs=bool(OF_THE_LAB.search(said)),
            )
            told.setdefault((workload.title, "trouble", cause.is_labs), cause)
        for pod in found.pods_of(workload):
            if pod.is_ending:
                continue
            shape = Written(written.manifest) if written else None
            for cause in _of_pod(pod, workload, shape, deployed, cluster, tags, walled):
                told.setdefault((workload.title, cause.what.partition(":")[0], cause.is_labs), cause)
    return list(told.values())


def _of_pod(
    pod: Pod,
    workload: Workload,
    written: Written | None,
    deployed: Deployed,
    cluster: CourseCluster | None,
    tags: Mapping[str, bool],
    walled: Mapping[tuple[str, str], str],
) -> Iterator[Cause]:
    def cause(what: str, evidence: Evidence, *, is_labs: bool = False) -> Cause:
        return Cause(workload=workload.title, what=what, evidence=evidence, is_labs=is_labs)

    if pod.phase == "Failed" and pod.reason in OF_THE_NODE:
        is_own = "ephemeral" in pod.message and "limit" in pod.message
        yield cause(
            f"the node ended a pod ({pod.reason})",
            _seen(f"Pod {pod.name}", "a pod that runs", pod.message),
            is_labs=not is_own,
        )
        return
    if pod.unscheduled:
        scale = _scale(deployed)
        fits = why_unplaced(workload, written, scale, cluster, pod.unscheduled)
        what, is_labs = fits if fits is not None else ("no node has room for a pod", True)
        yield cause(what, _unscheduled(pod, written, scale), is_labs=is_labs)
        return
    for event in pod.events:
        if event.reason == "FailedMount" and not pod.is_ready and not pod.has_run:
            yield cause(
                f"a volume cannot be mounted: {_cut(event.message)}",
                _seen(f"Pod {pod.name}", "its volumes", event.message),
                is_labs=bool(OF_THE_LAB.search(event.message)),
            )
    for container in pod.containers:
        host = walled.get((workload.title, container.name))
        if host and container.ended:
            yield cause(
                f"the container {container.name} could not reach {host}, and this lab keeps pods from the internet",
                _ended(f"Pod {pod.name}, container {container.name}", container),
                is_labs=True,
            ).replace(remedy=OPEN)
            continue
        lacks = lacking(container, deployed)
        for what, evidence, labs in _of_container(pod, container, tags):
            yield cause(what, evidence, is_labs=labs or bool(lacks)).replace(remedy=lacks if not labs else "")


def _of_container(pod: Pod, container: Container, tags: Mapping[str, bool]) -> Iterator[tuple[str, Evidence, bool]]:
    where = f"Pod {pod.name}, container {container.name}"
    kind = "init container" if container.is_init else "container"
    if is_unpulled(container):
        said = said_of_pull(pod, container)
        is_labs = is_registrys(container, said, tags)
        what = (
            f"its image {container.image} cannot be pulled"
            if is_labs
            else f"there is no image {container.image} to pull"
        )
        yield what, _seen(where, "an image that can be pulled", said), is_labs
    elif container.waits in (
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "ErrImageNeverPull",
    ):
        yield (
            f"a {kind} cannot be made: {_cut(container.message)}",
            _seen(where, "a container that starts", container.message),
            False,
        )
    elif container.ended == "OOMKilled" and (container.restarts or container.is_broken):
        yield f"the {kind} {container.name} needs more memory than its limit", _ended(where, container), False
    elif container.restarts or (container.ended not in ("", "Completed") and container.is_broken):
        how = (
            f"exit status {container.exit_status}"
            if container.exit_status is not None
            else container.ended or "unknown"
        )
        killed = next((each for each in pod.events if each.reason == "Unhealthy" and "iveness" in each.message), None)
        why = f"the {kind} {container.name} ends again and again, with {how}"
        if killed is not None and container.exit_status in (137, 143, 0):
            why = f"the {kind} {container.name} is ended again and again by its liveness probe: {_cut(killed.message)}"
        yield why, _ended(where, container), False
    elif container.is_running and container.is_broken:
        if container.is_init:
            yield f"the init container {container.name} does not come to its end", _ended(where, container), False
            return
        probe = next((each for each in reversed(pod.events) if each.reason == "Unhealthy"), None)
        said = probe.message if probe is not None else "it runs, and is not ready"
        yield (
            f"the container {container.name} does not become ready: {_cut(said)}",
            _seen(where, "a container that is ready", said, container.log),
            False,
        )


def _too_large(workload: Workload, written: Written, deployed: Deployed, cluster: CourseCluster | None) -> Cause | None:
    """Return why a workload would not be up in the course's cluster, though it is in a lab that asks for less."""
    what = oversize(workload, written, _scale(deployed), cluster) if cluster is not None else ""
    if not what:
        return None
    resources = written.pod.get("containers", 0, "resources")
    return Cause(
        workload=workload.title,
        what=what,
        evidence=resources.evidence(f"{cluster.cpu} CPU and {cluster.memory} at most" if cluster else None),
        is_hollow=True,
    )


def _unscheduled(pod: Pod, written: Written | None, scale: Fraction) -> Evidence:
    if written is None:
        return _seen(f"Pod {pod.name}", "a node that takes it", pod.unscheduled)
    asked = size_of(written, scale).words
    containers = written.pod.get("containers", 0, "resources")
    place = containers if containers.is_there else written.pod.get("containers")
    return place.evidence("a node that takes it", f"{asked} requested").replace(
        text=f"{written.title}: {pod.unscheduled[:MOST_QUOTED]}"
    )


def _ended(where: str, container: Container) -> Evidence:
    how = container.ended or ("it runs" if container.is_running else container.waits or "it does not run")
    status = "" if container.exit_status is None else f", exit status {container.exit_status}"
    again = f", started again {container.restarts} times" if container.restarts else ""
    return Evidence(
        kind=EvidenceKind.COMMAND,
        path=f"kubectl logs: {where}",
        expected="a container that does its work",
        actual=f"{how}{status}{again}",
        text=container.log.strip()[-1500:] or "nothing was printed",
    )


def _seen(where: str, expected: str, actual: str, log: str = "") -> Evidence:
    return Evidence(
        kind=EvidenceKind.FIELD, path=where, expected=expected, actual=_cut(actual), text=log.strip()[-1500:] or None
    )


def _scale(deployed: Deployed) -> Fraction:
    return Fraction(deployed.scale)


def _cut(text: str) -> str:
    """Return a message in one line, without its full stop."""
    plain = " ".join(text.split()).rstrip(".")
    return plain if len(plain) <= MOST_QUOTED else f"{plain[:MOST_QUOTED]}…"
