"""The kubernetes.scaling check kind."""

from __future__ import annotations

import time
from functools import partial

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import PODS
from infra_grader.capabilities.kubernetes_probe import COLD, Asked, Probe, Traffic
from infra_grader.capabilities.kubernetes_service import measuring
from infra_grader.model.record import Record
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    check,
)
from infra_grader.reading.asked_request import Asked as AskedRequest
from infra_grader.reading.kube_asker import asker
from infra_grader.reading.kube_scale_back import scale_back
from infra_grader.reading.kube_scaler import (
    TOLERANCE,
    Scaler,
    await_scaler,
    for_workload,
    lacking,
    see_scalers,
    template_of,
)
from infra_grader.reading.kube_seen import ends_for_memory
from infra_grader.reading.kube_target import Chosen, TargetParams, seen, target_of
from infra_grader.reading.kube_traffic import requests_of, traffic_evidence
from infra_grader.reading.live_deployed import Deployed, deployed_of

SETTLE_S = 5.0
"""How long clients go on at most after the time for scaling up, while the last look is taken."""


class Scaling(TargetParams):
    """How a workload is put under load, and how soon it has to grow and shrink."""

    request: Annotated[
        AskedRequest, Meta(description="What is asked under load; of several paths, the first with a good answer.")
    ] = msgspec.field(default_factory=lambda: AskedRequest(path=["/"]))
    clients: Annotated[int, Meta(ge=1, le=32, description="Clients who ask at the same time, without a pause.")] = 8
    metrics_s: Annotated[
        float,
        Meta(
            gt=0,
            le=300,
            description="Time until there are metrics, and again until they show our load, which is the lab's.",
        ),
    ] = 90.0
    up_s: Annotated[
        float,
        Meta(
            gt=0,
            le=300,
            description="Time until more pods are wanted, from when the metrics show a use beyond the target.",
        ),
    ] = 60.0
    down_s: (
        Annotated[
            float,
            Meta(gt=0, le=900, description="Time after the load until as few are wanted as before; null: not awaited."),
        ]
        | None
    ) = None


class Scaled(Record):
    """What a scaler did under load."""

    scaler: Scaler | None = None
    """At the last look before the load; `None` where none has the workload as its target."""
    others: tuple[Scaler, ...] = ()
    lacking: tuple[str, ...] = ()
    """Containers without a request that the scaler counts by."""
    peak: Scaler | None = None
    """When it wanted the most pods under load."""
    pressure: float = 0.0
    """The largest multiple of a target that it saw under load."""
    shown_s: float | None = None
    """Under load, until it saw a use beyond its target that lasted; `None` where it saw none, or no lasting one."""
    up_s: float | None = None
    """From then, until it wanted more pods than before the load."""
    down_s: float | None = None
    """Until it wanted no more than before, after the load."""
    killed: tuple[str, ...] = ()
    """Containers behind the Service that were ended under load for needing more memory than their limit."""
    traffic: Traffic = COLD


@check("kubernetes.scaling", capabilities=("kubernetes",), measure="s")
def scaling(context: Context, params: Scaling) -> Outcome:
    """A HorizontalPodAutoscaler scales its workload up under load, and down again.

    It has to have the workload behind the Service as its target, room between its bounds, and requests to count by.
    Then pods of ours ask the Service as fast as they can, for a limited time, and it is measured after how many seconds
    more pods are wanted. The clock starts when the metrics show a use beyond the target, and anew where that does not
    last: how soon a busy cluster shows it is not the learner's. What is wanted is judged, not what runs: a small one
    may have no room for more. Where our load does not bring the use beyond the target, or the cluster has no metrics,
    nothing can be said, but that containers end under load for want of memory. Nobody else measures in the cluster
    meanwhile. What else waits to measure the workload goes first; what looks at it later waits until it has as few pods
    as before. Where the scaler has a `behavior`, those that only its window keeps are ended.
    """
    chosen = target_of(context, params)
    chosen.workload  # noqa: B018 - raises where there is none, or several

    def look() -> Scaled:
        with measuring(context.kubernetes, context.deadline, yields=True):
            return _scale(context, params, chosen)

    return judge(params, chosen, context.observe("scaling", Scaled, look))


def judge(params: Scaling, chosen: Chosen, found: Scaled) -> Outcome:
    """Judge what a scaler did under load."""
    before = _before(chosen, found)
    evidence = [_evidence(before, params, found)]
    if found.traffic.cold:
        raise CheckFailed(f"{chosen.title} does not answer, so that it cannot be put under load: {found.traffic.cold}.")
    evidence += traffic_evidence(found.traffic, chosen, params.request, None)
    if found.up_s is None:
        _explain_still(params, before, found, evidence)
    up = found.up_s or 0.0
    measure = Measure(value=round(up, 1), unit="s", threshold=params.up_s)
    most = found.peak.desired if found.peak else before.desired
    grew = (
        f"HorizontalPodAutoscaler {before.name} wants {most} pods, not {before.desired}, {up:.0f} s after the use rose"
    )
    if params.down_s is None:
        return Outcome.passed(f"{grew}.", *evidence, measure=measure)
    if found.down_s is None:
        return Outcome.failed(f"{grew}, but not fewer again within {params.down_s:g} s.", *evidence)
    return Outcome.passed(f"{grew}, and as few as before {found.down_s:.0f} s after it.", *evidence, measure=measure)


def _before(chosen: Chosen, found: Scaled) -> Scaler:
    """Return the scaler before the load. Raises a verdict where it could not scale at all."""
    title = chosen.workload.title
    scaler = found.scaler
    if scaler is None:
        there = ", ".join(f"{each.name} has {each.target}" for each in found.others) or "no HorizontalPodAutoscaler"
        raise CheckFailed(
            f"No HorizontalPodAutoscaler has {title} as its target.",
            seen("HorizontalPodAutoscaler spec.scaleTargetRef", title, there),
        )
    where = f"HorizontalPodAutoscaler {scaler.name}"
    if found.lacking:
        raise CheckFailed(
            f"{where} counts by requests that containers of {title} do not make: {', '.join(found.lacking)}.",
            seen(f"{title} resources.requests", " and ".join(scaler.resources), f"none for {', '.join(found.lacking)}"),
        )
    if scaler.least >= scaler.most:
        raise CheckFailed(
            f"{where} cannot scale: it keeps {scaler.least} to {scaler.most} pods.",
            seen(f"{where} spec", "maxReplicas above minReplicas", f"{scaler.least} to {scaler.most}"),
        )
    if not scaler.is_active:
        evidence = seen(f"{where} status.conditions", "ScalingActive", scaler.reason, scaler.message or None)
        if scaler.lacks_request or scaler.reason == "FailedGetScale":
            raise CheckFailed(f"{where} cannot scale: {scaler.message or scaler.reason}.", evidence)
        raise NotAssessed(
            f"{where} has no metrics to scale by here: {scaler.reason}.",
            "`kubectl top pods` shows whether the cluster has metrics; grade on one that has.",
            evidence,
        )
    if scaler.desired >= scaler.most:
        raise NotAssessed(f"{where} wants the most pods that it may before any load of ours.", "Grade again later.")
    return scaler


def _explain_still(params: Scaling, before: Scaler, found: Scaled, evidence: list[Evidence]) -> None:
    """Raise the verdict for a scaler that did not want more pods under load."""
    if found.killed:
        names = " and ".join(found.killed)
        raise CheckFailed(
            f"HorizontalPodAutoscaler {before.name} wants no more pods: under load {names} needs more memory than its "
            "limit and is ended.",
            seen(f"{before.target} under load", "containers that run on", f"OOMKilled: {names}"),
            *evidence,
        )
    if found.shown_s is None:
        short = "for a moment" if found.pressure > TOLERANCE else "only"
        raise NotAssessed(
            f"Our load brings the use to {100 * found.pressure:.0f} % of the target {short}: nothing has to be scaled.",
            "Name a request in the rubric that costs more, or more `clients`; `kubectl get hpa --watch` shows the use.",
            *evidence,
        )
    raise CheckFailed(
        f"HorizontalPodAutoscaler {before.name} wants no more pods within {params.up_s:g} s, though the use is "
        f"{100 * found.pressure:.0f} % of the target.",
        *evidence,
    )


def _evidence(before: Scaler, params: Scaling, found: Scaled) -> Evidence:
    most = found.peak.desired if found.peak else before.desired
    return seen(
        f"HorizontalPodAutoscaler {before.name} status.desiredReplicas",
        f"more than {before.desired} within {params.up_s:g} s of a use beyond the target",
        f"{most} after {found.up_s:.0f} s" if found.up_s is not None else f"{most}",
        f"{before.least} to {before.most} pods of {before.target}; the use: {100 * found.pressure:.0f} % of the target"
        + (f", shown after {found.shown_s:.0f} s of load" if found.shown_s is not None else ""),
    )


def _scale(context: Context, params: Scaling, chosen: Chosen) -> Scaled:
    cluster = context.kubernetes.cluster
    deployed = deployed_of(context, params.of, changes=True)
    scalers = see_scalers(cluster, deployed.namespace)
    scaler = for_workload(scalers, chosen.workload)
    if scaler is None:
        return Scaled(others=tuple(scalers))
    missing = tuple(lacking(template_of(cluster, deployed.namespace, chosen.workload), scaler.resources))
    if missing or scaler.least >= scaler.most:
        return Scaled(scaler=scaler, lacking=missing)
    probe = asker(context, chosen, params.of)
    until = Deadline(min(params.metrics_s, context.deadline.remaining()))
    last = [scaler]

    def has_metrics(now: Scaler) -> Scaler | None:
        last.append(now)
        is_wrong = now.lacks_request or now.reason == "FailedGetScale"
        return now if is_wrong or (now.is_active and now.current >= now.least) else None

    scaler = await_scaler(cluster, deployed.namespace, scaler.name, has_metrics, until) or last[-1]
    if not scaler.is_active or scaler.desired >= scaler.most:
        return Scaled(scaler=scaler)
    before = scaler
    try:
        return _under_load(context, params, chosen, deployed, probe, before)
    finally:  # within the turn: whoever takes the next one waits, also where this one ended badly
        deployed.settling.leave(lambda: scale_back(cluster, deployed.namespace, chosen.workload, before))


def _await_more(context: Context, params: Scaling, namespace: str, before: Scaler) -> Scaled:
    """Wait under load until a scaler wants more pods, its time counted for as long as it sees that they are needed."""
    cluster = context.kubernetes.cluster
    pressure = 0.0

    def acts(now: Scaler, *, waits_for_use: bool) -> Scaler | None:
        nonlocal pressure
        pressure = max(pressure, now.pressure)
        is_beyond = now.pressure > TOLERANCE
        return now if now.desired > before.desired or is_beyond is waits_for_use else None

    began = time.monotonic()
    rise = Deadline(min(params.metrics_s, context.deadline.remaining()))
    while True:
        shown = await_scaler(cluster, namespace, before.name, partial(acts, waits_for_use=True), rise)
        if shown is None:
            return Scaled(scaler=before, pressure=pressure)
        shown_at = time.monotonic()
        limit = Deadline(min(params.up_s, context.deadline.remaining()))
        now = await_scaler(cluster, namespace, before.name, partial(acts, waits_for_use=False), limit)
        context.deadline.check()
        if now is None or now.desired > before.desired:
            up = time.monotonic() - shown_at if now else None
            return Scaled(scaler=before, peak=now, pressure=pressure, shown_s=shown_at - began, up_s=up)


def _under_load(
    context: Context, params: Scaling, chosen: Chosen, deployed: Deployed, probe: Probe, scaler: Scaler
) -> Scaled:
    cluster, namespace = context.kubernetes.cluster, deployed.namespace
    asked = Asked(
        host=chosen.host,
        port=chosen.port.number,
        requests=requests_of(context, params.request, chosen),
        clients=params.clients,
        pause_s=0.0,
        seconds=params.metrics_s + params.up_s + SETTLE_S,
        answer_s=10.0,
    )
    ended = ends_for_memory(cluster.list(PODS, namespace), chosen.service)
    with probe.watching(asked, context.deadline) as watching:
        found = _await_more(context, params, namespace, scaler)
    ended = ends_for_memory(cluster.list(PODS, namespace), chosen.service) - ended
    found = found.replace(traffic=watching.traffic, killed=tuple(sorted({container for _, container, _ in ended})))
    if found.peak is None or params.down_s is None:
        return found
    began = time.monotonic()

    def fewer(now: Scaler) -> bool | None:
        return True if now.desired <= scaler.desired else None

    limit = Deadline(min(params.down_s, context.deadline.remaining()))
    is_down = await_scaler(cluster, namespace, scaler.name, fewer, limit)
    return found.replace(down_s=time.monotonic() - began if is_down else None)
