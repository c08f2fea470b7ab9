"""The kubernetes.reachable check kind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes_probe import STEADY_S, Probe, Reached, Target
from infra_grader.capabilities.kubernetes_probe_pods import probes
from infra_grader.capabilities.kubernetes_service import alone
from infra_grader.checks.kubernetes._clients import Asker, Asking, asker_of, elsewhere, title_of
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
    check,
)
from infra_grader.reading.kube_asker import asker
from infra_grader.reading.kube_enforcement import enforces_policies
from infra_grader.reading.kube_seen import Things
from infra_grader.reading.kube_target import Chosen, TargetParams, choose, things_of
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


@check("kubernetes.reachable", capabilities=("kubernetes",), measure="%")
def reachable(context: Context, params: Reachable) -> Outcome:
    """Who may reach a Service reaches it, and nobody else does.

    Pods of ours ask through the Service's own address, with the labels and from the namespaces that the rubric names,
    so that NetworkPolicies are judged by what passes. Rules are given some seconds to take effect in both directions.
    A refusal counts only where one who is let through gets an answer, and no refusal counts where the cluster turns out
    to enforce no policies. A row does not count, and says so, where the rules let in such a pod from a namespace that
    cannot be made here: one of another name, above all. The share of right rows is the share of the points; but where
    some are to be kept out and nobody is, or some are to be let in and nobody is, there are none.
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
    unasked = next(((row.who, row.left_out) for row in seen.rows if row.left_out), None)
    if unasked is not None:
        message = f"{message[:-1]}; {unasked[0]} could not ask here: {unasked[1]}."
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
        return Matrix(control=control.state, rows=tuple(Row(who=title_of(each)) for each in params.clients))
    askers = [asker_of(context, things, chosen, each, namespace) for each in params.clients]
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
    rows = tuple(
        _row(each, said, _excuse(context, chosen, one, each, said, namespace))
        for one, each, said in zip(params.clients, askers, reached, strict=True)
    )
    is_doubtful = any(
        not one.reaches and not row.is_right and not row.left_out for one, row in zip(params.clients, rows, strict=True)
    )
    return Matrix(control=control.state, rows=rows, is_enforced=not is_doubtful or enforces_policies(context))


def _reach(probe: Probe, target: Target, seconds: float, deadline: Deadline) -> Reached:
    return probe.reach([target], seconds, deadline, steady_s=STEADY_S)[0]


def _excuse(context: Context, chosen: Chosen, asking: Asking, each: Asker, reached: Reached | None, inside: str) -> str:
    """Return why a row says nothing, though a pod was made for it; nothing where it does."""
    is_lost = reached is not None and not reached.is_steady and asking.reaches and asking.where == "outside"
    return elsewhere(context, chosen, each.place, inside) if is_lost and each.place else ""


def _row(each: Asker, reached: Reached | None, excuse: str) -> Row:
    if each.nobody:
        return Row(who=each.who, state="barred")
    if reached is None or excuse:
        return Row(who=each.who, left_out=each.left_out or excuse)
    return Row(who=each.who, state=reached.state, is_right=reached.is_steady)
