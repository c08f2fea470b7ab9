"""Requests in a row to a Service in the cluster: what is asked, and what their losses say."""

from __future__ import annotations

import msgspec

from infra_grader.capabilities.http import Request
from infra_grader.capabilities.kubernetes_probe import Asked as Repeated
from infra_grader.capabilities.kubernetes_probe import Traffic
from infra_grader.model.outcome import CheckFailed, Evidence, EvidenceKind, NotAssessed
from infra_grader.plugin import Annotated, Context, Meta
from infra_grader.reading.asked_request import Asked, build_requests
from infra_grader.reading.kube_target import Chosen, TargetParams

SHOWN = 5
LEAST = 20
"""Requests without which nothing can be said of what was lost."""
Status = Annotated[int, Meta(ge=100, le=599)]


class TrafficParams(TargetParams):
    """What is asked again and again while something happens: parameters that several kinds share."""

    request: Annotated[Asked, Meta(description="What is asked; of several paths, the first with a good answer.")] = (
        msgspec.field(default_factory=lambda: Asked(path=["/health", "/healthz", "/"]))
    )
    status: Annotated[
        list[Status], Meta(description="Statuses of a good answer; without any, those from 200 to 399 are good.")
    ] = msgspec.field(default_factory=list)
    clients: Annotated[int, Meta(ge=1, le=16, description="Clients who ask at the same time.")] = 2
    pause_ms: Annotated[int, Meta(ge=10, le=1000, description="Milliseconds between a client's requests.")] = 50
    answer_s: Annotated[float, Meta(gt=0, le=30, description="Seconds for each answer; without one, it is lost.")] = 5.0
    max_lost: (
        Annotated[float, Meta(ge=0, le=1, description="Share of the requests that may be lost; null: only told.")]
        | None
    ) = 0.0


def repeated(context: Context, params: TrafficParams, chosen: Chosen, seconds: float) -> Repeated:
    """Return what the probe asks a Service, for so many seconds at most."""
    return Repeated(
        host=chosen.host,
        port=chosen.port.number,
        requests=requests_of(context, params.request, chosen),
        statuses=tuple(params.status),
        clients=params.clients,
        pause_s=params.pause_ms / 1000,
        seconds=seconds,
        answer_s=params.answer_s,
    )


def requests_of(context: Context, asked: Asked, chosen: Chosen) -> tuple[Request, ...]:
    """Return the requests that are meant, sent to the Service under its name, as another pod would."""
    host = chosen.service.name + ("" if chosen.port.number == 80 else f":{chosen.port.number}")
    return tuple(
        each
        if any(name.lower() == "host" for name, _ in each.headers)
        else each.replace(headers=(*each.headers, ("Host", host)))
        for each in build_requests(context, asked, {}, str(context.seed))
    )


def lost_share(traffic: Traffic) -> float:
    """Return which share of the requests was lost."""
    return traffic.lost / traffic.total if traffic.total else 0.0


def in_words(traffic: Traffic) -> str:
    """Return how many requests were lost, as a clause."""
    return f"{traffic.lost} of {traffic.total} requests were lost"


def is_lossy(traffic: Traffic, max_lost: float | None) -> bool:
    """Whether more requests were lost than may be."""
    return max_lost is not None and lost_share(traffic) > max_lost


def warmed(traffic: Traffic, chosen: Chosen, asked: Asked) -> None:
    """Raise `CheckFailed` where nothing was counted since the Service never answered well, or `NotAssessed`."""
    if traffic.cold:
        line = f"{asked.method} {' or '.join(asked.paths)} at {chosen.title}"
        raise CheckFailed(
            f"{chosen.title} does not answer, so that nothing can be lost: {traffic.cold}.",
            Evidence(kind=EvidenceKind.HTTP, path=line, expected="good answers in a row", actual=traffic.cold),
        )
    if traffic.total < LEAST:
        raise NotAssessed(
            f"Only {traffic.total} requests could be sent, too few to tell.",
            "Grade again when the cluster has less to do.",
        )


def traffic_evidence(traffic: Traffic, chosen: Chosen, asked: Asked, max_lost: float | None) -> list[Evidence]:
    """Return what became of the requests: how many were lost, when, and why."""
    path = f"{asked.method} {asked.paths[traffic.place % len(asked.paths)]} at {chosen.title}"
    allowed = "told only" if max_lost is None else f"at most {100 * max_lost:g} % lost"
    reasons = sorted(traffic.reasons.items(), key=lambda item: -item[1])
    when = ", ".join(f"{start:.1f} s: {reason}" for start, _, reason in traffic.losses[:SHOWN])
    median = traffic.milliseconds.get("50", 0.0)
    evidence = [
        Evidence(
            kind=EvidenceKind.HTTP,
            path=path,
            expected=allowed,
            actual=f"{traffic.lost} of {traffic.total} lost in {traffic.seconds:.0f} s",
            text=f"half of the good answers within {median:.0f} ms; {traffic.gap_s:.1f} s at most without one"
            + (f"; lost at {when}" if when else ""),
        )
    ]
    evidence += [
        Evidence(kind=EvidenceKind.HTTP, path=path, actual=reason, text=f"{number} times")
        for reason, number in reasons[:SHOWN]
    ]
    return evidence
