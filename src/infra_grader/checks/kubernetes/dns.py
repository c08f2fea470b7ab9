"""The kubernetes.dns check kind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes_probe import STEADY_S, Name, Probe
from infra_grader.capabilities.kubernetes_probe_pods import Place, probes
from infra_grader.capabilities.kubernetes_service import alone
from infra_grader.model.record import Record
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Handle,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.kube_enforcement import OUTSIDE
from infra_grader.reading.kube_seen import Things
from infra_grader.reading.kube_target import Globs, matches, seen, things_of
from infra_grader.reading.live_deployed import deployed_of

MOST_PLACES = 6
CONTROL = "kubernetes.default"
"""A name that every cluster knows."""
STRANGER = "infra-grader-no-such-service"
CONTROL_S = 6.0
STATES = {"known": "it is known", "unknown": "it is not known", "cut_off": "DNS does not answer"}
HostName = Annotated[str, Meta(min_length=1, max_length=253)]


class Dns(Params):
    """Which names are asked for, and by whom."""

    of: Annotated[Handle, Meta(description="Id of the check that put the Services into the cluster.")]
    names: Annotated[
        list[HostName],
        Meta(max_length=20, description="Names that are known; without any, those of all Services that were deployed."),
    ] = msgspec.field(default_factory=list)
    like: Annotated[
        Globs,
        Meta(
            description="Names of workloads, as globs, as whose pods is asked; without it, as those of every workload."
        ),
    ] = msgspec.field(default_factory=list)
    seconds: Annotated[float, Meta(gt=0, le=60, description="Time until a name is known.")] = 8.0


class Asked(Record):
    """What DNS said to the pods of one workload."""

    who: str
    names: tuple[Name, ...]


class Told(Record):
    """What DNS said."""

    asked: tuple[Asked, ...]
    works: bool = True
    """Whether DNS answers a pod that no policy restricts; it is only asked where somebody got no answer."""


@check("kubernetes.dns", capabilities=("kubernetes",), measure="%")
def dns(context: Context, params: Dns) -> Outcome:
    """Pods know the Services by their names.

    Pods of ours ask with the labels of the learner's own pods, so that every NetworkPolicy that holds for these holds
    for them: an egress policy that forgets port 53 cuts DNS off, which is told apart from a name that is not known. A
    name that nobody has is asked for as well, and must not be known. The share of right answers is the share of the
    points.
    """
    things = things_of(context, params.of)
    names = list(params.names) or [each.name for each in things.services]
    if not names:
        raise CheckFailed("No Service was deployed whose name could be known.", seen("Service", "a Service", "none"))

    def look() -> Told:
        with alone(context.kubernetes, context.deadline):
            return _ask(context, params, things, names)

    return judge(context.observe("names", Told, look))


def judge(told: Told) -> Outcome:
    """Judge what DNS said."""
    evidence: list[Evidence] = []
    right = total = 0
    cut_off: list[str] = []
    for one in told.asked:
        if any(name.state == "cut_off" for name in one.names):
            cut_off.append(one.who)
        for name in one.names:
            wanted = "unknown" if name.name == STRANGER else "known"
            total += 1
            right += name.state == wanted
            text = ", ".join(name.addresses) or name.reason or None
            evidence.append(seen(f"{name.name} asked by {one.who}", STATES[wanted], STATES[name.state], text))
    if cut_off and not told.works:
        raise NotAssessed(
            "The cluster's own DNS does not answer.", "`kubectl -n kube-system get pods` shows it.", *evidence
        )
    if cut_off:
        who = " and ".join(cut_off)
        raise CheckFailed(
            f"DNS is cut off for {who}: an egress policy has to allow port 53, by UDP and TCP, to the cluster's DNS.",
            *evidence,
        )
    return Outcome.partial(
        Fraction(right, total),
        f"{right} of {total} names are known as they should be.",
        *evidence,
        measure=Measure(value=round(100 * right / total, 2), unit="%", threshold=100),
    )


def _ask(context: Context, params: Dns, things: Things, names: list[str]) -> Told:
    live = context.kubernetes
    # Pods of ours with the learner's labels are put beside theirs.
    namespace = deployed_of(context, params.of, changes=True).namespace
    chosen = [each for each in things.workloads if matches(each.name, params.like)][:MOST_PLACES]
    who = [f"the pods of {each.title}" for each in chosen] or ["a pod of the namespace"]
    labels = [dict(each.labels) for each in chosen] or [{}]
    places = [Place(namespace=namespace, labels=each) for each in labels]
    with probes(live, places, context.deadline) as made, ThreadPoolExecutor(max_workers=MOST_PLACES) as pool:
        asked = [pool.submit(_look_up, each, names, params.seconds, context.deadline) for each in made]
        told = [Asked(who=one, names=tuple(each.result())) for one, each in zip(who, asked, strict=True)]
    works = True
    if any(name.state == "cut_off" for one in told for name in one.names):
        with probes(live, [Place(namespace=live.other_namespace(OUTSIDE))], context.deadline) as [control]:
            works = control.look_up([CONTROL], CONTROL_S, context.deadline)[0].state == "known"
    return Told(asked=tuple(told), works=works)


def _look_up(probe: Probe, names: list[str], seconds: float, deadline: Deadline) -> list[Name]:
    """Return what DNS says of the names, and of one that nobody has, for which there is nothing to wait."""
    return [*probe.look_up(names, seconds, deadline, steady_s=STEADY_S), *probe.look_up([STRANGER], 0.0, deadline)]
