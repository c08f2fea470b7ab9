"""The prometheus.scrape check kind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

import msgspec

from infra_grader.capabilities.http import Answer, NoAnswer, Request
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Handle,
    Measure,
    Meta,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.asked_request import Asked, build_requests
from infra_grader.reading.conversation import Conversation, conversation
from infra_grader.reading.metrics_text import Family, read_metrics

NO_ROUTE = frozenset({404, 405, 501})
ANSWER_S = 10.0
Name = Annotated[str, Meta(min_length=1)]
Type = Literal["counter", "gauge", "histogram", "summary"]


class Wanted(Params):
    """A metric that is looked for."""

    any_of: Annotated[
        list[Name], Meta(min_length=1, description="Names that count; `*` at an end stands for anything.")
    ]
    type: Annotated[Type | list[Type] | None, Meta(description="Its type, or several.")] = None
    labels: Annotated[
        list[Name | list[Name]], Meta(description="Labels that its series have; a list means any of them.")
    ] = msgspec.field(default_factory=list)
    moves: Annotated[
        bool, Meta(description="Whether the requests of this check are counted: each of them once, at least.")
    ] = False
    changes: Annotated[bool, Meta(description="Whether the requests of this check change it in any way.")] = False


class Scrape(Params):
    """Which metrics a service publishes, and which of them count what it does."""

    service: Annotated[Handle, Meta(description="Id of the check that starts the service.")]
    metrics: Annotated[list[Wanted], Meta(min_length=1, description="The metrics that are looked for.")]
    path: Annotated[
        Name | Annotated[list[Name], Meta(min_length=1)],
        Meta(description="Where the metrics are, or several places."),
    ] = "/metrics"
    requests: Annotated[
        list[Asked], Meta(description="What is asked between two looks at the metrics.", max_length=50)
    ] = msgspec.field(default_factory=list)
    times: Annotated[int, Meta(ge=1, le=50, description="How often each of them is asked.")] = 3
    fresh: Annotated[bool, Meta(description="Whether the service is started anew for this check.")] = False

    def __post_init__(self) -> None:
        """Refuse metrics that nothing could move."""
        if not self.requests and any(wanted.moves or wanted.changes for wanted in self.metrics):
            raise ValueError("`requests` says what moves the metrics")


@check("prometheus.scrape", capabilities=("http",), measure="%")
def scrape(context: Context, params: Scrape) -> Outcome:
    """A service publishes metrics that count what it does.

    They are read before and after requests that this check sends: a counter that stands still, or one that is only
    named in the text, is no metric of anything. The share of the metrics that are right is the share of the points.
    """
    with conversation(context, params.service, fresh=params.fresh) as talk:
        path, first = _look(context, talk, [params.path] if isinstance(params.path, str) else params.path)
        # Twice, since what each look at the metrics moves counts looks, not requests.
        before = _look(context, talk, [path])[1] if params.requests else first
        sent = sum(_send(context, talk, request, params.times, n) for n, request in enumerate(params.requests))
        after = _look(context, talk, [path])[1] if params.requests else before
        is_claimed = talk.end().is_claimed
    evidence = [_judged(wanted, path, (first, before), after, sent) for wanted in params.metrics]
    right = sum(piece.expected is None for piece in evidence)
    outcome = Outcome.partial(
        Fraction(right, len(evidence)),
        f"{right} of {len(evidence)} metrics are published at {path} as they should be.",
        *sorted(evidence, key=lambda piece: piece.expected is None),
        measure=Measure(value=round(100 * right / len(evidence), 2), unit="%", threshold=100),
    )
    return outcome.replace(claimed=is_claimed)


Looks = tuple[tuple[Family, ...], tuple[Family, ...]]
"""The metrics at two looks with nothing between them."""

COUNTING = ("counter", "histogram", "summary")


def _look(context: Context, talk: Conversation, paths: list[str]) -> tuple[str, tuple[Family, ...]]:
    """Return the first of the places that the service knows, and the metrics there."""
    answer: Answer | None = None
    for path in paths:
        request = Request(target=path, headers=(("Accept", "text/plain"),), follows=True)
        try:
            answer = talk.ask(request, ANSWER_S)
        except NoAnswer as error:
            context.deadline.check()
            raise CheckFailed(
                f"GET {path} is not answered: {error.reason}.",
                Evidence(kind=EvidenceKind.HTTP, path=request.line, expected="metrics", actual=error.reason),
            ) from error
        if answer.status not in NO_ROUTE:
            break
    assert answer is not None  # there is at least one path
    seen = Evidence(
        kind=EvidenceKind.HTTP,
        path=f"GET {path}",
        expected="status 200 and metrics in the text format of Prometheus",
        actual=f"status {answer.status}",
        text=answer.text[:400],
    )
    if answer.status != 200:
        raise CheckFailed(f"GET {path} is answered by {answer.status}, not by metrics.", seen)
    if answer.is_cut:
        raise CheckFailed(f"What GET {path} answers is too long to be read.", seen)
    try:
        return path, read_metrics(answer.text)
    except ValueError as error:
        raise CheckFailed(f"What GET {path} answers are no metrics: {str(error)[:200]}.", seen) from error


def _send(context: Context, talk: Conversation, request: Asked, times: int, number: int) -> int:
    """Send a request so many times at the first of its paths that is known; return how often it was answered."""
    answered = 0
    place = 0
    for n in range(times):
        variants = list(build_requests(context, request, {}, f"{context.seed} {number} {n}"))
        while place < len(variants):
            context.deadline.check()
            try:
                answer = talk.ask(variants[place], ANSWER_S)
            except NoAnswer:
                break
            if answer.status not in NO_ROUTE or place + 1 == len(variants):
                answered += 1
                break
            place += 1
    if not answered:
        context.deadline.check()
        raise CheckFailed(
            "The service answers none of the requests that should move its metrics.",
            Evidence(kind=EvidenceKind.HTTP, path=f"{request.method} {request.paths[0]}", actual="no answer"),
        )
    return answered


def _find(families: tuple[Family, ...], wanted: Wanted) -> list[Family]:
    return [family for family in families if any(_is_named(family, name) for name in wanted.any_of)]


def _is_named(family: Family, name: str) -> bool:
    if name.startswith("*") and name.endswith("*"):
        return any(name.strip("*") in own for own in family.names)
    if name.endswith("*"):
        return any(own.startswith(name[:-1]) for own in family.names)
    return any(own.endswith(name[1:]) for own in family.names) if name.startswith("*") else name in family.names


def _judged(wanted: Wanted, path: str, earlier: Looks, after: tuple[Family, ...], sent: int) -> Evidence:
    """Return the evidence for one metric; it expects nothing where all is right with one of its names."""
    title = " or ".join(wanted.any_of)
    found = _find(after, wanted)
    faults = [list(_faults(wanted, family, earlier, sent))[:1] for family in found]
    if not found:
        names = ", ".join(sorted(family.title for family in after)[:30]) or "none"
        return Evidence(
            kind=EvidenceKind.HTTP, path=f"GET {path}", expected=f"the metric {title}", actual="not there", text=names
        )
    right = next((family for family, fault in zip(found, faults, strict=True) if not fault), None)
    if right is not None:
        shown = f"{right.type} {right.title}, labels: {', '.join(sorted(right.labels)) or 'none'}"
        return Evidence(kind=EvidenceKind.HTTP, path=f"GET {path}", actual=shown, text=f"{title}: as asked")
    expected, actual = faults[0][0]
    return Evidence(kind=EvidenceKind.HTTP, path=f"GET {path}", expected=expected, actual=actual, text=found[0].help)


def _faults(wanted: Wanted, family: Family, earlier: Looks, sent: int) -> Iterator[tuple[str, str]]:
    types = [wanted.type] if isinstance(wanted.type, str) else wanted.type or []
    if types and family.type not in types:
        yield f"{family.title} of type {' or '.join(types)}", f"type {family.type}"
    for label in wanted.labels:
        names = [label] if isinstance(label, str) else label
        if not family.labels.intersection(names):
            labels = ", ".join(sorted(family.labels)) or "none"
            yield f"{family.title} with the label {' or '.join(names)}", f"labels: {labels}"
    first, old = (next((one for one in look if one.name == family.name), None) for look in earlier)
    grown = family.count - (old.count if old else 0.0)
    by_look = (old.count if old else 0.0) - (first.count if first else 0.0)
    if wanted.moves and not (math.isfinite(grown) and grown >= sent):
        yield f"{family.title} grows by {sent} or more with {sent} requests", f"it grew by {grown:g}"
    if wanted.changes and old is not None and old.series == family.series:
        yield f"{family.title} changes with {sent} requests", "it stayed as it was"
    elif (wanted.changes or wanted.moves) and family.type in COUNTING and 0 < by_look >= grown:
        yield f"{family.title} grows by more with {sent} requests", "it grows as much by a look at the metrics"
