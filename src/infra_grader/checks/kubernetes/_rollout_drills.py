"""What workloads that are up are put through: a pod is asked to stop, an update is rolled back."""

from __future__ import annotations

from collections.abc import Sequence

from infra_grader.capabilities.kubernetes import Resource
from infra_grader.capabilities.kubernetes_service import alone, measuring
from infra_grader.plugin import CheckFailed, Context, NotAssessed, Outcome
from infra_grader.reading.kube_stop import Stops, Undos, await_back, stop_one_each, undo_each
from infra_grader.reading.kube_target import seen
from infra_grader.reading.live_deployed import Deployed

STOP_SPARE_S = 5.0
"""Seconds beyond the limit after which nobody waits for a pod to stop any more."""
SMALL = "Give the lab more room, or lower `request-scale` in its settings, and grade again."
Targets = Sequence[tuple[Resource, str]]
"""Workloads: kind and name of each."""


def stops(context: Context, deployed: Deployed, targets: Targets, limit: float, seconds: float) -> Outcome:
    """Ask one pod of each workload to stop, which is to be gone within a limit; whoever looks next waits for new ones.

    Those get so many seconds.
    """

    def make() -> Stops:
        cluster = context.kubernetes.cluster
        context.tell("ask pods to stop")
        with measuring(context.kubernetes, context.deadline):
            most = limit + STOP_SPARE_S
            try:
                return stop_one_each(cluster, deployed.namespace, targets, most, context.deadline)
            finally:  # within the turn: whoever takes the next one waits, also where this one ended badly
                deployed.settling.leave(lambda: await_back(cluster, deployed.namespace, targets, seconds))

    return judge_stops(context.observe("stops", Stops, make), limit)


def undo(context: Context, deployed: Deployed, targets: Targets, seconds: float) -> Outcome:
    """Update each Deployment so that nothing changes, and roll it back, each within so many seconds."""
    deployments = [each for each in targets if each[0].kind == "Deployment"]

    def make() -> Undos:
        context.tell("update and roll back")
        with alone(context.kubernetes, context.deadline):
            return undo_each(context.kubernetes.cluster, deployed.namespace, deployments, seconds, context.deadline)

    return judge_undo(context.observe("undo", Undos, make))


def judge_stops(found: Stops, limit: float) -> Outcome:
    """Judge how pods stopped. Raises `CheckFailed` where none ran that could."""
    if not found.stops:
        raise CheckFailed("No pod runs that could be asked to stop.", seen("pods", "a pod that runs", "none"))
    evidence = []
    for each in found.stops:
        lasted = f"gone after {each.seconds:.1f} s" if each.is_gone else f"still there after {each.seconds:.1f} s"
        hooks = f"; {each.hooks[0]}" if each.hooks else ""
        evidence.append(
            seen(
                f"{each.workload}, a pod asked to stop",
                f"gone within {limit:g} s",
                f"{lasted}{hooks}",
                f"its grace period is {each.grace_s} s; a process that does not hear SIGTERM takes all of it",
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


def judge_undo(found: Undos) -> Outcome:
    """Judge how Deployments were rolled back.

    Raises `CheckFailed` where there is none, `NotAssessed` where the lab has no room for a pod more.
    """
    if not found.undos:
        raise CheckFailed(
            "There is no Deployment that could be rolled back.", seen("workloads", "a Deployment", "none")
        )
    evidence = [
        seen(
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
