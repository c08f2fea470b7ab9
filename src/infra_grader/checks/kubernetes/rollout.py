"""The kubernetes.rollout check kind."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated

import msgspec

from infra_grader.capabilities.kubernetes import Resource
from infra_grader.capabilities.kubernetes_registry import has_image
from infra_grader.capabilities.kubernetes_service import alone, measuring
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
from infra_grader.reading.kube_lab import CourseCluster
from infra_grader.reading.kube_rollout import await_rollout, chosen_workloads
from infra_grader.reading.kube_rollout_cause import OF_THE_NODE, causes
from infra_grader.reading.kube_rollout_patience import Patience, makes_settings
from infra_grader.reading.kube_rollout_pull import PULLS
from infra_grader.reading.kube_rollout_seen import Rollout as Seen
from infra_grader.reading.kube_stop import Stops, Undos, await_back, stop_one_each, undo_each
from infra_grader.reading.live_deployed import Deployed, deployed_of

STOP_SPARE_S = 5.0
"""Seconds beyond the limit after which nobody waits for a pod to stop any more."""
SMALL = "Give the lab more room, or lower `request-scale` in its settings, and grade again."


class Rollout(Params):
    """Which workloads come up, and how fast."""

    of: Annotated[Handle, Meta(description="Id of the check that put them into the cluster.")]
    workloads: Annotated[list[str], Meta(description="Names of the workloads, as globs; without any, all of them.")] = (
        msgspec.field(default_factory=list)
    )
    seconds: Annotated[float, Meta(gt=0, le=280, description="Time until all of them are available.")] = 120.0
    stays_s: Annotated[
        float, Meta(ge=0, le=120, description="Seconds for which they are looked at afterwards: nothing restarts.")
    ] = 5.0
    restarts: Annotated[
        int, Meta(ge=0, le=50, description="How often a container may be started again until all is available.")
    ] = 2
    cluster: Annotated[
        CourseCluster | None,
        Meta(description="The cluster that the course has in mind; what fits there and not in the lab costs nothing."),
    ] = None
    idle: Annotated[
        list[str],
        Meta(description="Names of workloads, as globs, that may be asked for no pods, as one that waits its turn is."),
    ] = msgspec.field(default_factory=list)
    stops_within: (
        Annotated[float, Meta(gt=0, le=120, description="Seconds in which a pod that is asked to stop is gone.")] | None
    ) = None
    undo: Annotated[
        bool, Meta(description="Whether each Deployment has to find back from an update that changes nothing.")
    ] = False


@check("kubernetes.rollout", capabilities=("kubernetes",), measure="s")
def rollout(context: Context, params: Rollout) -> Outcome:
    """Workloads come up: all pods available in time, none failed, and nothing restarts for some seconds.

    Where they do not, the cause is told: an image that does not exist, a ConfigMap or Secret that is missing, a
    container that crashes with the last lines that it printed, one that needs more memory than its limit, a probe
    that fails, an init container that waits, requests that no node has, `replicas: 0`. It is not the learner's fault
    where a registry does not answer, the lab has no room for what fits the cluster that the course has in mind, or a
    container ends since it cannot reach the internet, which the lab keeps from it. Nobody waits for what is lost
    already: a container that was started again too often, an image that is not there. With `stops_within`, one pod of
    each workload is asked to stop; with `undo`, each Deployment is updated and rolled back. Measured are the seconds
    from the creation of the workloads until the last pod was available.
    """

    def make() -> Seen:
        deployed = _deployed(context, params)
        context.tell("wait for the workloads")
        return await_rollout(
            context.kubernetes.cluster,
            deployed.namespace,
            _targets(context, params),
            params.seconds,
            params.stays_s,
            context.deadline,
            patience=Patience(params.restarts, makes_settings=makes_settings(deployed)),
        ).replace(internet=context.kubernetes.lab.internet)

    targets = _targets(context, params)
    found = context.observe("rollout", Seen, make)
    context.deadline.check()
    tags = context.observe("registry", dict[str, bool], lambda: _tags(context, found)) if _unpulled(found) else {}
    outcome = judge(params, found, _deployed(context, params), tags)
    parts = [outcome]
    if outcome.fraction == 1 and params.stops_within is not None:
        parts.append(_stops(context, params, targets, params.stops_within))
    if outcome.fraction == 1 and params.undo:
        parts.append(_undo(context, params, targets))
    share = Fraction(sum(part.fraction for part in parts), len(parts))
    lost = next((part for part in parts if part.fraction < 1), outcome)
    evidence = [item for part in sorted(parts, key=lambda part: part.fraction == 1) for item in part.evidence]
    # An award for the time would give the points of what was lost besides.
    return Outcome.partial(share, lost.message, *evidence, measure=outcome.measure if share == 1 else None)


def judge(params: Rollout, found: Seen, deployed: Deployed, tags: Mapping[str, bool]) -> Outcome:
    """Judge how workloads came up. Raises `NotAssessed` where the lab alone is why they did not."""
    if found.missing:
        titles = " and ".join(found.missing)
        raise CheckFailed(f"{titles} is not in the cluster any more.", _evidence(titles, "a workload", "not there"))
    known = causes(found, deployed, params.cluster, tags, params.idle)
    down = {each.title for each in found.workloads if not each.is_up}
    down |= {each.workload for each in known if each.is_hollow}
    failed = [
        pod for pod in found.pods
        if pod.phase == "Failed" and pod.reason not in OF_THE_NODE and not pod.workload.startswith("Job ")
    ]  # fmt: skip
    loud = found.restarted_beyond(params.restarts)
    rose = found.restarts - found.restarts_before
    evidence = [
        _evidence(
            each.title,
            f"{each.wanted} available within {params.seconds:g} s",
            f"{each.available} available"
            + (f", the last one after {each.seconds:.0f} s" if each.seconds is not None else ""),
        )
        for each in found.workloads
    ]
    own = [each for each in known if not each.is_labs and (each.workload in down | loud or rose or failed)]
    labs = [each for each in known if each.is_labs and (each.workload in down | loud or rose > 0)]
    if labs and not own:
        state = "is not available" if labs[0].workload in down else "does not stay so"
        raise NotAssessed(
            f"{labs[0].workload} {state}, and the lab is why: {labs[0].what}.",
            labs[0].remedy or SMALL,
            *(each.evidence for each in labs[:5]),
        )
    faults = [each.evidence for each in own[:8]]
    why = f": {own[0].what}" if own else ""
    if rose > 0 or loud:
        allowed = f"at most {params.restarts} of a container, none once all is available"
        faults.append(_evidence("restarts", allowed, f"{found.restarts} in all, {rose} afterwards"))
    # Whether a workload that was started again too often is up at this moment makes no difference.
    share = Fraction(len(found.workloads) - len(down | loud), len(found.workloads))
    if down:
        first = own[0].workload if own else min(down)
        message = f"{first} is not available after {found.waited_s:.0f} s{why}."
        return Outcome.partial(share, message, *faults, *evidence)
    if rose > 0 or loud:
        message = f"Containers are started again, {found.restarts} times{why}."
        return Outcome.partial(Fraction(0) if rose > 0 else share, message, *faults, *evidence)
    if failed:
        pod = failed[0]
        return Outcome.failed(
            f"Pod {pod.name} has failed.",
            *faults,
            _evidence(f"Pod {pod.name}", "no failed pod", pod.reason or "Failed"),
            *evidence,
        )
    slowest = max((each.seconds or 0.0 for each in found.workloads), default=0.0)
    count = len(found.workloads)
    return Outcome.passed(
        f"{'All of ' if count > 1 else ''}{count} workload{'s are' if count > 1 else ' is'} available after "
        f"{slowest:.0f} s and {'stay' if count > 1 else 'stays'} so.",
        *evidence,
        measure=Measure(value=slowest, unit="s", threshold=params.seconds),
    )


def _deployed(context: Context, params: Rollout) -> Deployed:
    return deployed_of(context, params.of, changes=params.stops_within is not None or params.undo)


def _targets(context: Context, params: Rollout) -> list[tuple[Resource, str]]:
    """Return the workloads that are looked at. Raises `CheckFailed` if there is none of these names."""
    found = chosen_workloads(_deployed(context, params), params.workloads)
    if not found:
        wanted = " or ".join(params.workloads) or "a workload"
        there = ", ".join(each.title for each in _deployed(context, params).workloads) or "no workload"
        raise CheckFailed(
            f"There is no workload {wanted} among what was applied.", _evidence("workloads", wanted, there)
        )
    return [(each.resource, each.name) for each in found]


def _unpulled(found: Seen) -> list[str]:
    return sorted({each.image for pod in found.pods for each in pod.containers if each.waits in PULLS})


def _tags(context: Context, found: Seen) -> dict[str, bool]:
    """Return of the images that could not be pulled whether the lab's registry has them, as far as it tells."""
    lab = context.kubernetes.lab
    images = _unpulled(found) if lab.registry else []
    asked = {image: has_image(lab.registry, image, is_mirror=lab.mirror) for image in images}
    return {image: said for image, said in asked.items() if said is not None}


def _stops(context: Context, params: Rollout, targets: list[tuple[Resource, str]], limit: float) -> Outcome:
    def make() -> Stops:
        cluster, deployed = context.kubernetes.cluster, _deployed(context, params)
        context.tell("ask pods to stop")
        with measuring(context.kubernetes, context.deadline):
            most = limit + STOP_SPARE_S
            stops = stop_one_each(cluster, deployed.namespace, targets, most, context.deadline)
        deployed.settling.leave(lambda: await_back(cluster, deployed.namespace, targets, params.seconds))
        return stops

    return judge_stops(context.observe("stops", Stops, make), limit)


def judge_stops(found: Stops, limit: float) -> Outcome:
    """Judge how pods stopped. Raises `CheckFailed` where none ran that could."""
    if not found.stops:
        raise CheckFailed("No pod runs that could be asked to stop.", _evidence("pods", "a pod that runs", "none"))
    evidence = []
    for each in found.stops:
        lasted = f"gone after {each.seconds:.1f} s" if each.is_gone else f"still there after {each.seconds:.1f} s"
        hooks = f"; {each.hooks[0]}" if each.hooks else ""
        evidence.append(
            _evidence(f"{each.workload}, a pod asked to stop", f"gone within {limit:g} s", f"{lasted}{hooks}").replace(
                text=f"its grace period is {each.grace_s} s; a process that does not hear SIGTERM takes all of it"
            )
        )
    slow = [each for each in found.stops if not each.is_gone or each.seconds > limit or each.hooks]
    if slow:
        why = (
            "its preStop hook fails"
            if slow[0].hooks
            else f"its pod takes {slow[0].seconds:.1f} s to stop, more than {limit:g} s"
        )
        return Outcome.failed(f"{slow[0].workload} does not stop as it should: {why}.", *evidence)
    return Outcome.passed("Pods stop in time.", *evidence)


def _undo(context: Context, params: Rollout, targets: list[tuple[Resource, str]]) -> Outcome:
    deployments = [each for each in targets if each[0].kind == "Deployment"]

    def make() -> Undos:
        context.tell("update and roll back")
        namespace = _deployed(context, params).namespace
        with alone(context.kubernetes, context.deadline):
            return undo_each(context.kubernetes.cluster, namespace, deployments, params.seconds, context.deadline)

    return judge_undo(context.observe("undo", Undos, make))


def judge_undo(found: Undos) -> Outcome:
    """Judge how Deployments were rolled back.

    Raises `CheckFailed` where there is none, `NotAssessed` where the lab has no room for a pod more.
    """
    if not found.undos:
        raise CheckFailed(
            "There is no Deployment that could be rolled back.", _evidence("workloads", "a Deployment", "none")
        )
    evidence = [
        _evidence(
            f"{each.workload}, rolled back",
            "the revision before, available",
            each.problem or f"it, after {each.seconds:.1f} s",
        )
        for each in found.undos
    ]
    lost = min((each for each in found.undos if each.problem), key=lambda each: bool(each.unscheduled), default=None)
    if lost is not None:
        if lost.unscheduled:  # its pods ran here before: there is room for them, and not for another one
            raise NotAssessed(f"The lab has no room for a pod more of {lost.workload}.", SMALL, *evidence)
        return Outcome.failed(f"{lost.workload} cannot be rolled back: {lost.problem}.", *evidence)
    return Outcome.passed("Each Deployment is rolled back.", *evidence)


def _evidence(path: str, expected: str, actual: str) -> Evidence:
    return Evidence(kind=EvidenceKind.FIELD, path=path, expected=expected, actual=actual)
