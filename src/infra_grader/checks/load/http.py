"""The load.http check kind."""

from __future__ import annotations

import msgspec

from infra_grader.capabilities.http import Client, NoAnswer, Request
from infra_grader.checks.load._users import Load, Seen, cost_of_the_way, put_under_load, slowness
from infra_grader.plugin import (
    Annotated,
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
from infra_grader.reading.asked_request import Asked, build_requests
from infra_grader.reading.running_service import asked, service_of

VARIANTS = 8
"""Different requests that are drawn: one answer kept from before does not do for all."""
NO_ROUTE = frozenset({404, 405, 501})
Status = Annotated[int, Meta(ge=100, le=599)]


class Http(Params):
    """What is asked by how many users, and how fast the answers have to come."""

    service: Annotated[Handle, Meta(description="Id of the check that starts the service.")]
    request: Annotated[Asked, Meta(description="What each user asks; pictures and bytes are drawn anew.")]
    max_ms: Annotated[float, Meta(gt=0, description="Milliseconds within which the percentile of the answers comes.")]
    percentile: Annotated[float, Meta(gt=0, le=100, description="Percentile that is measured.")] = 95.0
    users: Annotated[int, Meta(ge=1, le=64, description="Users who ask at the same time.")] = 10
    requests: Annotated[int, Meta(ge=20, le=20_000, description="Requests in all.")] = 200
    seconds: Annotated[float, Meta(gt=0, le=240, description="Time after which no more are sent.")] = 30.0
    answer_s: Annotated[float, Meta(gt=0, le=60, description="Time for each answer; a later one is wrong.")] = 10.0
    max_wrong: Annotated[float, Meta(ge=0, le=1, description="Share of the answers that may be wrong.")] = 0.01
    status: Annotated[list[Status], Meta(min_length=1, description="Statuses of a right answer.")] = msgspec.field(
        default_factory=lambda: [200, 201, 202, 204]
    )
    ignore: Annotated[
        list[Status], Meta(description="Statuses that count neither as right nor as wrong, such as 429.")
    ] = msgspec.field(default_factory=list)
    least: Annotated[int, Meta(ge=5, le=1000, description="Right answers without which nothing is measured.")] = 10
    fresh: Annotated[bool, Meta(description="Whether the service is started anew for this check.")] = False


@check("load.http", capabilities=("http",), measure="ms")
def http(context: Context, params: Http) -> Outcome:
    """A service answers many users fast enough.

    Users ask at the same time; times are measured outside of where the service runs. From the percentile the
    cost of the way is taken off: the median of what the same users see, just before, of a service of ours that does
    nothing. Where that one is slow too, or this machine has so much to do that it may explain it, the check stays open.
    Wrong answers beyond the share that is allowed are a failure, however fast they are. Ignored ones are never
    measured; where they leave too few right ones, the check stays open.
    """
    load = Load(users=params.users, requests=params.requests, seconds=params.seconds, answer_s=params.answer_s)
    variants = [list(build_requests(context, params.request, {}, f"{context.seed} {n}")) for n in range(VARIANTS)]
    service = service_of(context, params.service)
    with (
        service.undisturbed(context.deadline),
        asked(context, params.service, fresh=params.fresh) as (running, client),
    ):
        place = _known_place(client, variants[0], params.answer_s)
        requests = [requests[place] for requests in variants]
        short = msgspec.structs.replace(load, requests=min(load.requests, 20 * load.users))
        way = cost_of_the_way(service, requests, short, context.deadline)
        before = slowness()
        seen = put_under_load(
            lambda: Client(running.connect, running.port, running.name),
            requests,
            load,
            frozenset(params.status),
            frozenset(params.ignore),
            context.deadline,
        )
        ended = running.find_end()
    evidence = _evidence(params, requests[0], seen, way)
    if ended:
        raise CheckFailed(f"The service ended under load: {ended}.", *evidence)
    if seen.share_wrong > params.max_wrong:
        raise CheckFailed(f"{100 * seen.share_wrong:.1f} % of the answers are wrong under load.", *evidence)
    if len(seen.times) < params.least:
        raise _too_few(params, seen, evidence)
    outcome = _judged(params, seen, way, max(before, slowness()), evidence)
    return outcome.replace(claimed=running.is_claimed)


def _too_few(params: Http, seen: Seen, evidence: list[Evidence]) -> CheckFailed | NotAssessed:
    """Return the verdict on too few right answers to measure: a limit of the service may be what leaves no more."""
    if not seen.ignored:
        return CheckFailed(f"Only {len(seen.times)} right answers came within {params.seconds:g} s.", *evidence)
    return NotAssessed(
        f"Only {len(seen.times)} right answers came beside {seen.ignored} that are not counted: too few to measure.",
        f"Let the service answer {params.least} such requests in a row, or measure it with its limit raised.",
        *evidence,
    )


def _judged(params: Http, seen: Seen, way: Seen, slower: float, evidence: list[Evidence]) -> Outcome:
    own = max(0.0, seen.percentile(params.percentile) - way.percentile(50))
    cost = way.percentile(params.percentile)
    if own > params.max_ms and (cost > params.max_ms / 2 or own / slower <= params.max_ms):
        raise NotAssessed(
            f"This machine is too busy to tell: everything takes {slower:.1f} times as long as it should, and a "
            f"service that does nothing needs {cost:.0f} ms.",
            "Grade again on a machine with less to do.",
            *evidence,
        )
    return Outcome.passed_if(
        own <= params.max_ms,
        f"{params.percentile:g} % of {len(seen.times)} answers to {params.users} users came within {own:.0f} ms.",
        *evidence,
        measure=Measure(value=round(own, 1), unit="ms", threshold=params.max_ms),
    )


def _known_place(client: Client, requests: list[Request], seconds: float) -> int:
    """Return which of the paths the service knows, the first one if none; its first answer is not measured."""
    for place, request in enumerate(requests):
        try:
            if client.ask(request, seconds).status not in NO_ROUTE:
                return place
        except NoAnswer:
            continue
    return 0


def _evidence(params: Http, request: Request, seen: Seen, way: Seen) -> list[Evidence]:
    rate = len(seen.times) / max(seen.seconds, 0.001)
    shown = ", ".join(f"p{percent:g} {seen.percentile(percent):.0f} ms" for percent in (50, params.percentile, 99))
    found = [
        Evidence(
            kind=EvidenceKind.HTTP,
            path=request.line,
            expected=f"p{params.percentile:g} within {params.max_ms:g} ms for {params.users} users",
            actual=shown if seen.times else "no right answer",
            text=f"{len(seen.times)} right answers in {seen.seconds:.1f} s, {rate:.0f} a second",
        ),
        Evidence.number(
            actual=round(way.percentile(50), 1),
            expected="taken off",
            unit="ms",
            text=f"the way there and back: a service that does nothing, p{params.percentile:g} "
            f"{way.percentile(params.percentile):.0f} ms",
        ),
    ]
    for what, number in sorted(seen.wrong.items(), key=lambda item: -item[1])[:5]:
        found.append(Evidence(kind=EvidenceKind.HTTP, path=request.line, actual=what, text=f"{number} times"))
    if seen.ignored:
        found.append(Evidence(kind=EvidenceKind.HTTP, path=request.line, text=f"{seen.ignored} answers not counted"))
    return found
