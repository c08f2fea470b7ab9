"""The kubernetes.update check kind."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Cluster
from infra_grader.capabilities.kubernetes_probe import COLD, Traffic
from infra_grader.capabilities.kubernetes_service import measuring
from infra_grader.model.record import Record
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Unavailable,
    all_but,
    check,
)
from infra_grader.reading.kube_asker import asker
from infra_grader.reading.kube_following import Following, excuse_for_room, following, is_updated
from infra_grader.reading.kube_lab import NO_IMAGE
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

CALM_S = 1.0
END_S = 40.0
"""How long old pods may take to end while requests are still counted."""
BROKEN_S = 20.0
"""How long a revision that cannot start is given to show that it cannot."""
MARK = "infra-grader.io/update"


class Update(TrafficParams):
    """What is asked of an update."""

    seconds: Annotated[float, Meta(gt=0, le=600, description="Time for the update, and for the way back.")] = 120.0
    rollback: Annotated[
        bool, Meta(description="Whether a revision that cannot start is tried as well, and taken back.")
    ] = False


class Step(Record):
    """One change of a workload."""

    title: str
    seconds: float | None
    """Until all pods were of the new revision and available; `None` where that did not come about."""
    trouble: str = ""
    """What kept a pod from being ready, where it was not done."""


class Updated(Record):
    """What happened when a workload was updated."""

    steps: tuple[Step, ...]
    traffic: Traffic = COLD


@check("kubernetes.update", capabilities=("kubernetes",), measure="%")
def update(context: Context, params: Update) -> Outcome:
    """A workload is updated without downtime, and taken back to where it was.

    Its pods are replaced by a new revision, as `kubectl rollout restart` does it, while pods of ours ask the Service
    without a pause, each request over a connection of its own. With `rollback`, a revision whose image does not exist
    follows, which must not take the service down, and then the way back. The share of the requests that were lost is
    measured: from the first good answers in a row to the end of the last old pod. Nobody else measures in the cluster
    meanwhile.
    """
    chosen = target_of(context, params)
    chosen.workload  # noqa: B018 - raises where there is none, or several

    def look() -> Updated:
        with measuring(context.kubernetes, context.deadline):
            return _update(context, params, chosen)

    return judge(params, chosen, context.observe("update", Updated, look, asked=all_but(params, "max_lost")))


def judge(params: Update, chosen: Chosen, found: Updated) -> Outcome:
    """Judge what happened when a workload was updated."""
    warmed(found.traffic, chosen, params.request)
    title = chosen.workload.title
    evidence = [_step_evidence(title, step, params.seconds) for step in found.steps]
    evidence += traffic_evidence(found.traffic, chosen, params.request, params.max_lost)
    undone = next((step for step in found.steps if step.seconds is None), None)
    if undone is not None:
        excuse_for_room(undone.trouble, *evidence)
        raise CheckFailed(f"{undone.title} of {title} is not done within {params.seconds:g} s.", *evidence)
    share = round(100 * lost_share(found.traffic), 2)
    whole = sum(step.seconds or 0 for step in found.steps)
    return Outcome.passed_if(
        not is_lossy(found.traffic, params.max_lost),
        f"{title} was updated{' and taken back' if len(found.steps) > 1 else ''} within {whole:.0f} s; "
        f"{in_words(found.traffic)}.",
        *evidence,
        measure=Measure(
            value=share, unit="%", threshold=None if params.max_lost is None else round(100 * params.max_lost, 2)
        ),
    )


def _step_evidence(title: str, step: Step, seconds: float) -> Evidence:
    done = f"after {step.seconds:.1f} s" if step.seconds is not None else "not in this time"
    return seen(title, f"{step.title} within {seconds:g} s", done, step.trouble or None)


def _update(context: Context, params: Update, chosen: Chosen) -> Updated:
    cluster = context.kubernetes.cluster
    namespace = deployed_of(context, params.of, changes=True).namespace
    probe = asker(context, chosen, params.of)
    asked = repeated(context, params, chosen, (2 if params.rollback else 1) * (params.seconds + END_S) + BROKEN_S)
    mark = secrets.token_hex(4)  # one that is there already, from an update before this one, would change nothing
    with following(cluster, namespace, chosen.workload) as pods:
        pods.await_whole(params.seconds, context.deadline)
        with probe.watching(asked, context.deadline) as watching:
            time.sleep(CALM_S)
            steps = [_step(context, params, pods, namespace, "the update", _marked(mark))]
            if params.rollback and steps[0].seconds is not None:
                steps.append(_roll_back(context, params, pods, namespace, mark))
    return Updated(steps=tuple(steps), traffic=watching.traffic)


def _roll_back(context: Context, params: Update, pods: Following, namespace: str, mark: str) -> Step:
    """Bring in a revision that cannot start, and take it back to the one of a mark."""
    containers = pods.object["spec"]["template"]["spec"]["containers"]
    broken = [{**containers[0], "image": NO_IMAGE}, *containers[1:]]
    try:
        _patch(context.kubernetes.cluster, pods, namespace, _marked(f"{mark}-broken", broken))
        limit = Deadline(min(BROKEN_S, context.deadline.remaining()))
        pods.until(lambda _pods: True if "Image" in pods.trouble else None, limit)
        time.sleep(CALM_S)
    finally:
        back = _step(context, params, pods, namespace, "the way back", _marked(mark, containers))
    return back


def _step(
    context: Context, params: Update, pods: Following, namespace: str, title: str, body: Mapping[str, Any]
) -> Step:
    began = time.monotonic()
    wanted = _patch(context.kubernetes.cluster, pods, namespace, body)

    def look(_found: object) -> float | None:
        now = pods.object
        is_done = now["metadata"]["generation"] >= wanted and is_updated(now, pods.workload.kind)
        return time.monotonic() - began if is_done else None

    seconds = pods.until(look, Deadline(min(params.seconds, context.deadline.remaining())))
    trouble = "" if seconds is not None else pods.trouble
    limit = Deadline(min(END_S, context.deadline.remaining()))
    pods.until(lambda found: None if any(pod.is_ending for pod in found) else True, limit)
    return Step(title=title, seconds=seconds, trouble=trouble[:400])


def _marked(value: str, containers: list[Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Return the change that makes a new revision of a workload."""
    template: dict[str, Any] = {"metadata": {"annotations": {MARK: value}}}
    if containers is not None:
        template["spec"] = {"containers": containers}
    return {"spec": {"template": template}}


def _patch(cluster: Cluster, pods: Following, namespace: str, body: Mapping[str, Any]) -> int:
    """Change a workload, and return the number of the change."""
    resource = cluster.resource("apps/v1", pods.workload.kind)
    if resource is None:
        raise Unavailable(f"The cluster does not serve {pods.workload.kind} at the moment.", "Grade again.")
    return int(cluster.patch(resource, pods.workload.name, namespace, body)["metadata"]["generation"])
