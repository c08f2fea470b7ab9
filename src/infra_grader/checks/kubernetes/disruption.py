"""The kubernetes.disruption check kind."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Cluster, Refused
from infra_grader.capabilities.kubernetes_probe import COLD, Traffic
from infra_grader.capabilities.kubernetes_service import measuring
from infra_grader.model.record import Record
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, all_but, check
from infra_grader.reading.kube_asker import asker
from infra_grader.reading.kube_budget import BUDGETS, Budget, budgets_of
from infra_grader.reading.kube_following import Following, excuse_for_room, excuse_for_scaling, following
from infra_grader.reading.kube_seen import Pod
from infra_grader.reading.kube_target import Chosen, seen, target_of
from infra_grader.reading.kube_traffic import (
    TrafficParams,
    in_words,
    is_lossy,
    lost_share,
    repeated,
    traffic_evidence,
    warmed,
)
from infra_grader.reading.live_deployed import deployed_of

FORBIDDEN = 429
STATUS_S = 20.0
"""How long a budget may take to count pods that are all ready."""
PAUSE_S = 0.5
"""Between the tries of an eviction that is refused for the moment."""
CALM_S = 1.0
END_S = 35.0


class Disruption(TrafficParams):
    """What a drain of the nodes must not do."""

    seconds: Annotated[
        float, Meta(gt=0, le=600, description="Time until all pods are evicted and ready elsewhere.")
    ] = 120.0
    budget: Annotated[bool, Meta(description="Whether a PodDisruptionBudget has to protect the pods.")] = True


class Disrupted(Record):
    """What happened when the pods were evicted one after another."""

    budgets: tuple[Budget, ...]
    pods: int
    evicted: int = 0
    refusals: int = 0
    """Evictions that were refused for the moment."""
    most_at_once: int = 0
    """The most pods that were missing at a time."""
    refused: str = ""
    """What the API said of the last one that was refused."""
    seconds: float | None = None
    """Until all were evicted and as many ready again; `None` where that did not come about."""
    trouble: str = ""
    """What kept a pod from being ready, where it did not."""
    wanted: int | None = None
    """How many pods the workload was asked for then."""
    traffic: Traffic = COLD


@check("kubernetes.disruption", capabilities=("kubernetes",), measure="%")
def disruption(context: Context, params: Disruption) -> Outcome:
    """Nodes can be drained of a workload's pods without an outage.

    Its pods are evicted through the API one after another, as `kubectl drain` does it, as fast as its
    PodDisruptionBudget lets them go, while pods of ours ask the Service, each request over a connection of its own. A
    budget that never lets a pod go blocks every drain; one that lets all go at once protects nothing. The share of the
    requests that were lost is measured. Nobody else measures in the cluster meanwhile.
    """
    chosen = target_of(context, params)
    chosen.workload  # noqa: B018 - raises where there is none, or several

    def look() -> Disrupted:
        with measuring(context.kubernetes, context.deadline):
            return _drain(context, params, chosen)

    return judge(params, chosen, context.observe("disruption", Disrupted, look, asked=all_but(params, "max_lost")))


def judge(params: Disruption, chosen: Chosen, found: Disrupted) -> Outcome:
    """Judge what happened when the pods were evicted."""
    title = chosen.workload.title
    evidence = [_budget_evidence(each) for each in found.budgets]
    if params.budget and not found.budgets:
        raise CheckFailed(
            f"No PodDisruptionBudget selects the pods of {title}.",
            seen("PodDisruptionBudget spec.selector", f"the labels of the pods of {title}", "none that does"),
        )
    if len(found.budgets) > 1:
        names = " and ".join(each.name for each in found.budgets)
        raise CheckFailed(f"{names} select the same pods, which the API then evicts none of.", *evidence)
    if not found.evicted:
        raise CheckFailed(
            f"The PodDisruptionBudget of {title} blocks every drain: with all {found.pods} pods ready it lets none go.",
            *evidence,
            seen(f"eviction of a pod of {title}", "it is allowed", found.refused or "it is refused"),
        )
    evidence.append(_drain_evidence(params, title, found))
    if params.budget and found.pods > 1 and found.budgets[0].allowed >= found.pods:
        raise CheckFailed(
            f"The PodDisruptionBudget of {title} protects nothing: all its pods may go at once.", *evidence
        )
    warmed(found.traffic, chosen, params.request)
    evidence += traffic_evidence(found.traffic, chosen, params.request, params.max_lost)
    if found.seconds is None:
        excuse_for_room(found.trouble, *evidence)
        excuse_for_scaling(title, found.pods, found.wanted, *evidence)
        raise CheckFailed(f"The pods of {title} cannot be drained within {params.seconds:g} s.", *evidence)
    threshold = None if params.max_lost is None else round(100 * params.max_lost, 2)
    return Outcome.passed_if(
        not is_lossy(found.traffic, params.max_lost),
        f"All {found.pods} pods of {title} were evicted within {found.seconds:.0f} s; {in_words(found.traffic)}.",
        *evidence,
        measure=Measure(value=round(100 * lost_share(found.traffic), 2), unit="%", threshold=threshold),
    )


def _budget_evidence(budget: Budget) -> Evidence:
    return seen(
        f"PodDisruptionBudget {budget.name} status.disruptionsAllowed",
        "at least 1",
        str(budget.allowed),
        f"{budget.rule}{f'; {budget.message}' if budget.message else ''}",
    )


def _drain_evidence(params: Disruption, title: str, found: Disrupted) -> Evidence:
    done = f"after {found.seconds:.0f} s" if found.seconds is not None else "not in this time"
    return seen(
        f"eviction of the pods of {title}",
        f"all {found.pods} evicted and ready again within {params.seconds:g} s",
        f"{found.evicted} evicted, {done}",
        f"{found.refusals} evictions refused for the moment; {found.most_at_once} pods missing at most",
    )


def _drain(context: Context, params: Disruption, chosen: Chosen) -> Disrupted:
    cluster = context.kubernetes.cluster
    namespace = deployed_of(context, params.of, changes=True).namespace
    probe = asker(context, chosen, params.of)
    asked = repeated(context, params, chosen, params.seconds + END_S + 10)
    with following(cluster, namespace, chosen.workload) as pods:
        ready = pods.await_whole(params.seconds, context.deadline)
        found = Disrupted(budgets=_await_budgets(context, cluster, namespace, chosen, ready), pods=ready)
        if len(found.budgets) > 1 or (params.budget and not found.budgets):
            return found
        if found.budgets and not found.budgets[0].allowed:
            return _refused_once(cluster, namespace, pods, found)
        with probe.watching(asked, context.deadline) as watching:
            time.sleep(CALM_S)
            found = _evict_all(context, params, pods, namespace, found)
            limit = Deadline(min(END_S, context.deadline.remaining()))
            pods.until(lambda now: None if any(pod.is_ending for pod in now) else True, limit)
    return found.replace(traffic=watching.traffic)


def _await_budgets(
    context: Context, cluster: Cluster, namespace: str, chosen: Chosen, ready: int
) -> tuple[Budget, ...]:
    """Return the budgets, as soon as they have counted so many ready pods, or had the time to."""
    resource = cluster.resource(*BUDGETS)
    if resource is None:
        return ()
    labels = chosen.workload.labels
    last: tuple[Budget, ...] = ()

    def look(found: list[Mapping[str, Any]]) -> bool | None:
        nonlocal last
        last = budgets_of(found, labels)
        return True if all(each.allowed or each.healthy >= ready for each in last) else None

    cluster.await_(resource, namespace, look, Deadline(min(STATUS_S, context.deadline.remaining())))
    return last


def _refused_once(cluster: Cluster, namespace: str, pods: Following, found: Disrupted) -> Disrupted:
    """Try one eviction, which the budget refuses. One that it allows after all is seen as well."""
    try:
        cluster.evict(pods.pods[0].name, namespace)
    except Refused as error:
        return found.replace(refusals=1, refused=error.message[:300])
    return found.replace(evicted=1)


def _evict_all(context: Context, params: Disruption, pods: Following, namespace: str, found: Disrupted) -> Disrupted:
    """Evict every pod that is there now, each as soon as the API allows it, and wait until as many are ready again."""
    began = time.monotonic()
    limit = Deadline(min(params.seconds, context.deadline.remaining()))
    victims = [pod for pod in pods.pods if pod.is_ready]
    uids = {pod.uid for pod in victims}
    evicted = refusals = most = 0
    said = ""
    for victim in victims:
        while limit.remaining():
            try:
                context.kubernetes.cluster.evict(victim.name, namespace)
            except Refused as error:
                if error.status != FORBIDDEN:  # it has gone by itself
                    break
                refusals, said = refusals + 1, error.message[:300]
                time.sleep(PAUSE_S)
            else:
                evicted += 1
                break
        most = max(most, found.pods - sum(pod.is_ready for pod in pods.pods))

    def look(now: list[Pod]) -> float | None:
        ready = sum(pod.is_ready for pod in now if pod.uid not in uids)
        return time.monotonic() - began if ready >= found.pods else None

    seconds = pods.until(look, limit) if evicted == len(victims) else None
    trouble, wanted = ("", None) if seconds is not None else (pods.trouble[:400], pods.wanted)
    return found.replace(
        evicted=evicted,
        refusals=refusals,
        refused=said,
        most_at_once=most,
        seconds=seconds,
        trouble=trouble,
        wanted=wanted,
    )
