"""The kubernetes.reachable check kind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Literal

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import NAMESPACES
from infra_grader.capabilities.kubernetes_probe import STEADY_S, Probe, Reached, Target
from infra_grader.capabilities.kubernetes_probe_pods import Place, probes
from infra_grader.capabilities.kubernetes_service import alone
from infra_grader.model.record import Record
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.kube_asker import asker, find_policies
from infra_grader.reading.kube_clients import Client, admitted_clients, can_be_made
from infra_grader.reading.kube_enforcement import OUTSIDE, enforces_policies
from infra_grader.reading.kube_seen import Things
from infra_grader.reading.kube_target import Chosen, Globs, TargetParams, choose, matches, things_of
from infra_grader.reading.live_deployed import deployed_of

CONTROL_S = 30.0
"""How long pods that were just deployed may take to answer one who is let through."""
STATES = {
    "open": "it connects",
    "refused": "the connection is refused",
    "silent": "nobody answers",
    "barred": "the way there is barred",
    "unknown": "the name is not known",
    "cut_off": "DNS does not answer",
}


class Asking(Params):
    """Who asks, and whether it may reach the Service."""

    reaches: Annotated[bool, Meta(description="Whether it reaches the Service.")]
    where: Annotated[
        Literal["inside", "outside"], Meta(description="Whether it asks in the same namespace or in another one.")
    ] = "inside"
    labels: Annotated[dict[str, str], Meta(description="Labels of the pod that asks.")] = msgspec.field(
        default_factory=dict
    )
    like: Annotated[Globs, Meta(description="Names of a workload, as globs: it asks with the labels of its pods.")] = (
        msgspec.field(default_factory=list)
    )
    admitted: Annotated[
        bool, Meta(description="Whether it is a pod that a rule of the learner's own NetworkPolicies lets in.")
    ] = False
    title: Annotated[str, Meta(description="What it stands for, shown to the learner.")] = ""

    def __post_init__(self) -> None:
        """Refuse one that is two at once."""
        if sum(map(bool, (self.labels, self.like, self.admitted))) > 1:
            raise ValueError("one who asks has `labels`, or is `like` a workload, or is `admitted`")
        if self.admitted and not self.reaches:
            raise ValueError("one who is `admitted` reaches the Service")


class Reachable(TargetParams, kw_only=True):
    """Who may reach a Service, and who may not."""

    clients: Annotated[list[Asking], Meta(min_length=1, max_length=20, description="Who asks.")]
    seconds: Annotated[float, Meta(gt=0, le=60, description="Time in which rules take effect for a new pod.")] = 12.0


class Row(Record):
    """What came of one who asked."""

    who: str
    state: str = ""
    is_right: bool = False
    """Whether it came out as it should, several times in a row."""
    left_out: str = ""
    """Why it could not be asked at all."""


class Matrix(Record):
    """What came of all who asked."""

    control: str
    """What came of a pod of ours that our own policies let through."""
    rows: tuple[Row, ...]
    is_enforced: bool = True
    """Whether the cluster enforces NetworkPolicies."""


class _Asker(Record):
    """A pod to be made for one row, or why it cannot be."""

    who: str
    place: Place | None = None
    left_out: str = ""
    nobody: bool = False
    """Whether the learner's rules let no pod in at all."""


@check("kubernetes.reachable", capabilities=("kubernetes",), measure="%")
def reachable(context: Context, params: Reachable) -> Outcome:
    """Who may reach a Service reaches it, and nobody else does.

    Pods of ours ask through the Service's own address, with the labels and from the namespaces that the rubric names,
    so that NetworkPolicies are judged by what passes. Rules are given some seconds to take effect in both directions.
    A refusal counts only where one who is let through gets an answer, and no refusal counts where the cluster turns out
    to enforce no policies. The share of right rows is the share of the points; but where some are to be kept out and
    nobody is, or some are to be let in and nobody is, there are none.
    """
    things = things_of(context, params.of)
    chosen = choose(things, params)

    def look() -> Matrix:
        with alone(context.kubernetes, context.deadline):
            return _ask(context, params, things, chosen)

    return judge(params, chosen, context.observe("reached", Matrix, look))


def judge(params: Reachable, chosen: Chosen, seen: Matrix) -> Outcome:
    """Judge what came of all who asked."""
    if seen.control != "open":
        raise CheckFailed(
            f"{chosen.title} lets nobody in: {STATES.get(seen.control, seen.control)}, whatever the policies say.",
            _evidence(chosen, "a pod that no policy keeps out", "it connects", STATES.get(seen.control, seen.control)),
        )
    judged = [(asked, row) for asked, row in zip(params.clients, seen.rows, strict=True) if not row.left_out]
    evidence = [
        _evidence(
            chosen,
            row.who,
            "it connects" if asked.reaches else "no connection",
            row.left_out or STATES.get(row.state, row.state),
        )
        for asked, row in zip(params.clients, seen.rows, strict=True)
    ]
    if not judged:
        raise NotAssessed(f"None of those who ask can be made here: {seen.rows[0].left_out}.", "", *evidence)
    if not seen.is_enforced and any(not asked.reaches and not row.is_right for asked, row in judged):
        raise NotAssessed(
            "The cluster enforces no NetworkPolicies: a pod of ours that one shuts off is reached.",
            "Grade on a cluster whose network enforces them.",
            *evidence,
        )
    right = sum(row.is_right for _, row in judged)
    fraction = Fraction(right, len(judged))
    for is_let_in, missed in ((False, "nobody is kept out"), (True, "nobody is let in")):
        side = [row.is_right for asked, row in judged if asked.reaches is is_let_in]
        if side and not any(side):
            fraction = Fraction(0)
            message = f"Of those who ask {chosen.title}, {missed}."
            break
    else:
        message = f"{right} of {len(judged)} who ask {chosen.title} are let in or kept out as they should be."
    return Outcome.partial(
        fraction,
        message,
        *evidence,
        measure=Measure(value=round(100 * right / len(judged), 2), unit="%", threshold=100),
    )


def _evidence(chosen: Chosen, who: str, expected: str, actual: str) -> Evidence:
    return Evidence(kind=EvidenceKind.FIELD, path=f"{who} to {chosen.title}", expected=expected, actual=actual)


def _ask(context: Context, params: Reachable, things: Things, chosen: Chosen) -> Matrix:
    live = context.kubernetes
    # Pods of ours with the learner's labels are put beside theirs.
    namespace = deployed_of(context, params.of, changes=True).namespace
    target = Target(host=chosen.host, port=chosen.port.number, is_wanted=True)
    [control] = asker(context, chosen, params.of).reach([target], CONTROL_S, context.deadline)
    if control.state != "open":
        return Matrix(control=control.state, rows=tuple(Row(who=_title(each)) for each in params.clients))
    askers = [_asker(context, things, chosen, each, namespace) for each in params.clients]
    places = [each.place for each in askers if each.place]
    with probes(live, places, context.deadline) as made, ThreadPoolExecutor(max_workers=8) as pool:
        waiting = iter(made)
        asked = [
            pool.submit(_reach, next(waiting), target.replace(is_wanted=one.reaches), params.seconds, context.deadline)
            if each.place
            else None
            for one, each in zip(params.clients, askers, strict=True)
        ]
        reached = [each.result() if each else None for each in asked]
    rows = tuple(_row(each, said) for each, said in zip(askers, reached, strict=True))
    is_doubtful = any(
        not one.reaches and not row.is_right and not row.left_out for one, row in zip(params.clients, rows, strict=True)
    )
    return Matrix(control=control.state, rows=rows, is_enforced=not is_doubtful or enforces_policies(context))


def _reach(probe: Probe, target: Target, seconds: float, deadline: Deadline) -> Reached:
    return probe.reach([target], seconds, deadline, steady_s=STEADY_S)[0]


def _row(each: _Asker, reached: Reached | None) -> Row:
    if each.nobody:
        return Row(who=each.who, state="barred")
    if reached is None:
        return Row(who=each.who, left_out=each.left_out)
    return Row(who=each.who, state=reached.state, is_right=reached.is_steady)


def _asker(context: Context, things: Things, chosen: Chosen, asking: Asking, inside: str) -> _Asker:
    """Return the pod that asks for a row; `inside` is the namespace of what is asked."""
    live = context.kubernetes
    who = _title(asking)
    if asking.admitted:
        return _admitted(context, chosen, who, inside)
    namespace = inside if asking.where == "inside" else live.other_namespace(OUTSIDE)
    labels = asking.labels
    if asking.like:
        like = [each for each in things.workloads if matches(each.name, asking.like)]
        if not like:
            return _Asker(who=who, left_out="there is no such workload")
        labels, who = dict(like[0].labels), f"{who}, like {like[0].title}"
    return _Asker(who=who, place=Place(namespace=namespace, labels=labels))


def _admitted(context: Context, chosen: Chosen, who: str, inside: str) -> _Asker:
    live = context.kubernetes
    own = live.cluster.get(NAMESPACES, inside) or {}
    labels = (own.get("metadata") or {}).get("labels") or {}
    pods = chosen.workloads[0].labels if chosen.workloads else chosen.service.selector
    found = admitted_clients(find_policies(live, inside), pods, chosen.pod_ports, labels)
    if found is None:
        return _Asker(who=f"{who}: no policy keeps anybody out", place=Place(namespace=inside))
    if not found:
        return _Asker(who=f"{who}: no rule lets a pod in", nobody=True)
    client = next(filter(can_be_made, found), None)
    if client is None:
        spaces = found[0].namespace_labels or {}
        return _Asker(
            who=who, left_out=f"the rules let in only another namespace, {_labels(spaces)}, which is not here"
        )
    return _Asker(who=f"{who}: {_labels(client.labels) or 'any pod'}", place=_place_of(context, client, inside))


def _place_of(context: Context, client: Client, inside: str) -> Place:
    live = context.kubernetes
    if client.namespace_labels is None:
        return Place(namespace=inside, labels=client.labels)
    namespace = live.other_namespace("admitted")
    live.cluster.patch(NAMESPACES, namespace, "", {"metadata": {"labels": dict(client.namespace_labels)}})
    return Place(namespace=namespace, labels=client.labels)


def _title(asking: Asking) -> str:
    if asking.title:
        return asking.title
    if asking.admitted:
        return "a pod that the rules let in"
    where = "a pod of this namespace" if asking.where == "inside" else "a pod of another namespace"
    return f"{where} with {_labels(asking.labels)}" if asking.labels else where


def _labels(labels: object) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items()) if isinstance(labels, dict) else ""
