"""The kubernetes.recovery check kind."""

from __future__ import annotations

import time

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import PODS
from infra_grader.capabilities.kubernetes_probe import COLD, Traffic
from infra_grader.capabilities.kubernetes_service import measuring
from infra_grader.model.record import Record
from infra_grader.plugin import Annotated, CheckFailed, Context, Measure, Meta, Outcome, all_but, check
from infra_grader.reading.kube_asker import asker
from infra_grader.reading.kube_following import Following, excuse_for_room, excuse_for_scaling, following
from infra_grader.reading.kube_seen import Pod
from infra_grader.reading.kube_target import Chosen, seen, target_of
from infra_grader.reading.kube_traffic import TrafficParams, in_words, is_lossy, repeated, traffic_evidence, warmed
from infra_grader.reading.live_deployed import deployed_of

CALM_S = 1.0
"""How long requests are counted before anything happens."""
END_S = 35.0
"""How long the deleted pod may take to end while requests are still counted."""
AFTER_S = 5.0
"""How long they are counted after the deleted pod has ended: one that was ready too early loses its share of them."""


class Recovery(TrafficParams):
    """What is deleted, and how soon it has to be back."""

    seconds: Annotated[float, Meta(gt=0, le=240, description="Time until as many pods are ready as before.")] = 60.0
    grace_s: (
        Annotated[int, Meta(ge=0, le=300, description="Seconds that the pod gets to stop; without it, its own time.")]
        | None
    ) = None
    max_lost: (
        Annotated[float, Meta(ge=0, le=1, description="Share of the requests that may be lost; null: only told.")]
        | None
    ) = None


class Recovered(Record):
    """What happened when a pod was deleted."""

    pod: str
    before: int
    """Pods that were ready before."""
    seconds: float | None = None
    """Until as many were ready again; `None` where that did not come about."""
    trouble: str = ""
    """What kept a pod from being ready, where none came back."""
    wanted: int | None = None
    """How many pods the workload was asked for then."""
    traffic: Traffic = COLD


@check("kubernetes.recovery", capabilities=("kubernetes",), measure="s")
def recovery(context: Context, params: Recovery) -> Outcome:
    """A pod that is deleted is replaced in time.

    One pod of the workload behind a Service is deleted while pods of ours ask the Service, each request over a
    connection of its own. It is measured how many seconds it took until as many pods were ready as before; how many
    requests were lost is told, and judged where the rubric says so. Nobody else measures in the cluster meanwhile.
    """
    chosen = target_of(context, params)
    chosen.workload  # noqa: B018 - raises where there is none, or several

    def look() -> Recovered:
        with measuring(context.kubernetes, context.deadline):
            return _delete(context, params, chosen)

    return judge(params, chosen, context.observe("recovery", Recovered, look, asked=all_but(params, "max_lost")))


def judge(params: Recovery, chosen: Chosen, found: Recovered) -> Outcome:
    """Judge what happened when a pod was deleted."""
    if params.max_lost is not None:
        warmed(found.traffic, chosen, params.request)
    evidence = [
        seen(
            chosen.workload.title,
            f"{found.before} ready pods within {params.seconds:g} s after {found.pod} was deleted",
            f"after {found.seconds:.1f} s" if found.seconds is not None else "not in this time",
            found.trouble or None,
        ),
        *traffic_evidence(found.traffic, chosen, params.request, params.max_lost),
    ]
    if found.seconds is None:
        excuse_for_room(found.trouble, *evidence)
        excuse_for_scaling(chosen.workload.title, found.before, found.wanted, *evidence)
        raise CheckFailed(f"{chosen.workload.title} has not recovered within {params.seconds:g} s.", *evidence)
    message = f"{chosen.workload.title} recovered within {found.seconds:.1f} s; {in_words(found.traffic)}."
    if is_lossy(found.traffic, params.max_lost):
        raise CheckFailed(message, *evidence)  # without a measure, whose award would give points for the time alone
    return Outcome.passed_if(
        found.seconds <= params.seconds,
        message,
        *evidence,
        measure=Measure(value=round(found.seconds, 1), unit="s", threshold=params.seconds),
    )


def _delete(context: Context, params: Recovery, chosen: Chosen) -> Recovered:
    cluster = context.kubernetes.cluster
    namespace = deployed_of(context, params.of, changes=True).namespace
    probe = asker(context, chosen, params.of)
    asked = repeated(context, params, chosen, params.seconds + END_S + 10)
    with following(cluster, namespace, chosen.workload) as pods:
        before = pods.await_whole(params.seconds, context.deadline)
        with probe.watching(asked, context.deadline) as watching:
            time.sleep(CALM_S)
            victim = next(pod for pod in pods.pods if pod.is_ready)
            began = time.monotonic()
            cluster.delete(PODS, victim.name, namespace, grace_s=params.grace_s)
            seconds = _await_back(context, params, pods, victim, before, began)
            trouble, wanted = ("", None) if seconds is not None else (pods.trouble, pods.wanted)
            limit = Deadline(min(END_S, context.deadline.remaining()))
            pods.until(lambda found: None if any(pod.uid == victim.uid for pod in found) else True, limit)
            time.sleep(AFTER_S)
    return Recovered(
        pod=victim.name,
        before=before,
        seconds=seconds,
        trouble=trouble[:400],
        wanted=wanted,
        traffic=watching.traffic,
    )


def _await_back(
    context: Context, params: Recovery, pods: Following, victim: Pod, before: int, began: float
) -> float | None:
    """Return the seconds until as many pods are ready as before, the deleted one not counted."""

    def look(found: list[Pod]) -> float | None:
        ready = sum(pod.is_ready for pod in found if pod.uid != victim.uid)
        return time.monotonic() - began if ready >= before else None

    return pods.until(look, Deadline(min(params.seconds, context.deadline.remaining())))
