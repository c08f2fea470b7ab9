"""The kubernetes.rollout check kind."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated

import msgspec

from infra_grader.capabilities.kubernetes import Resource
from infra_grader.capabilities.kubernetes_registry import has_image
from infra_grader.checks.kubernetes._rollout_drills import SMALL, stops, undo
from infra_grader.plugin import (
    CheckFailed,
    Context,
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
from infra_grader.reading.kube_target import seen
from infra_grader.reading.live_deployed import Deployed, deployed_of


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
    where a registry does not answer, the lab has no room for what fits the cluster that the course has in mind, a
    container ends since it cannot reach the internet, which the lab keeps from it, or one needs the server that the
    rubric has stand-ins for. Nobody waits for what is lost already: a container that was started again too often, an
    image that is not there. With `stops_within`, one pod of each workload is asked to stop; with `undo`, each
    Deployment is updated and rolled back. Measured are the seconds from the creation of the workloads until the last
    pod was available.
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
        parts.append(stops(context, _deployed(context, params), targets, params.stops_within, params.seconds))
    if outcome.fraction == 1 and params.undo:
        parts.append(undo(context, _deployed(context, params), targets, params.seconds))
    share = Fraction(sum(part.fraction for part in parts), len(parts))
    lost = next((part for part in parts if part.fraction < 1), outcome)
    evidence = [item for part in sorted(parts, key=lambda part: part.fraction == 1) for item in part.evidence]
    # An award for the time would give the points of what was lost besides.
    return Outcome.partial(share, lost.message, *evidence, measure=outcome.measure if share == 1 else None)


def judge(params: Rollout, found: Seen, deployed: Deployed, tags: Mapping[str, bool]) -> Outcome:
    """Judge how workloads came up. Raises `NotAssessed` where the lab alone is why they did not."""
    if found.missing:
        titles = " and ".join(found.missing)
        raise CheckFailed(f"{titles} is not in the cluster any more.", seen(titles, "a workload", "not there"))
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
        seen(
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
        faults.append(seen("restarts", allowed, f"{found.restarts} in all, {rose} afterwards"))
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
            seen(f"Pod {pod.name}", "no failed pod", pod.reason or "Failed"),
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
        raise CheckFailed(f"There is no workload {wanted} among what was applied.", seen("workloads", wanted, there))
    return [(each.resource, each.name) for each in found]


def _unpulled(found: Seen) -> list[str]:
    return sorted({each.image for pod in found.pods for each in pod.containers if each.waits in PULLS})


def _tags(context: Context, found: Seen) -> dict[str, bool]:
    """Return of the images that could not be pulled whether the lab's registry has them, as far as it tells."""
    lab = context.kubernetes.lab
    images = _unpulled(found) if lab.registry else []
    asked = {image: has_image(lab.registry, image, is_mirror=lab.mirror) for image in images}
    return {image: said for image, said in asked.items() if said is not None}
