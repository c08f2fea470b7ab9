"""The http.request check kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import msgspec

from infra_grader.capabilities.http import Answer, NoAnswer, Request
from infra_grader.checks.http._expect import (
    ABSENT,
    NO_ROUTE,
    Expected,
    Missed,
    find_missed,
    find_value,
    is_same_json,
    read_body,
)
from infra_grader.plugin import (
    Annotated,
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
from infra_grader.reading.asked_request import Asked, Drawn, build_requests, draw_values
from infra_grader.reading.conversation import Conversation, conversation

SHOWN = 400


class Step(Asked):
    """A request, and what its answer is asked to be."""

    title: Annotated[str, Meta(description="What it is for, shown to the learner; others may name it.")] = ""
    expect: Annotated[Expected, Meta(description="What the answer is asked to be.")] = msgspec.field(
        default_factory=Expected
    )
    capture: Annotated[
        dict[str, str | list[str]],
        Meta(description="Names for values of the answer, by their places in it; later requests say `${name}`."),
    ] = msgspec.field(default_factory=dict)
    compare: Annotated[list[str], Meta(description="Places, of which the first that is there is compared.")] = (
        msgspec.field(default_factory=list)
    )
    differs_from: Annotated[
        str, Meta(description="Title of an earlier request whose answer has another value there.")
    ] = ""
    same_as: Annotated[str, Meta(description="Title of an earlier request whose answer has the same value there.")] = ""
    judged: Annotated[
        bool, Meta(description="Whether its answer is judged; one that is not serves others to be compared with.")
    ] = True

    def __post_init__(self) -> None:
        """Refuse a comparison of nothing."""
        super().__post_init__()
        if (self.differs_from or self.same_as) and not self.compare:
            raise ValueError("`compare` says which places `differs_from` and `same_as` are about")


class RequestParams(Params):
    """Which service is asked, what, and how it has to answer."""

    service: Annotated[Handle, Meta(description="Id of the check that starts the service.")]
    requests: Annotated[list[Step], Meta(min_length=1, max_length=200, description="What it is asked, in order.")]
    draw: Annotated[
        dict[str, Drawn], Meta(description="Names for values drawn from the seed; requests say `${name}`.")
    ] = msgspec.field(default_factory=dict)
    seconds: Annotated[float, Meta(gt=0, le=120, description="Time for each answer.")] = 10.0
    fresh: Annotated[bool, Meta(description="Whether the service is started anew for this check.")] = False

    def __post_init__(self) -> None:
        """Refuse a comparison with a request that does not come before."""
        seen: set[str] = set()
        for step in self.requests:
            for title in filter(None, (step.differs_from, step.same_as)):
                if title not in seen:
                    raise ValueError(f"no request before has the title {title!r}")
            seen.add(step.title)
        if not any(step.judged for step in self.requests):
            raise ValueError("at least one request has to be judged")


class Told(Params):
    """What came of one request."""

    request: Request
    answer: Answer | None = None
    missed: Missed | None = None


@check("http.request", capabilities=("http",), measure="%")
def request(context: Context, params: RequestParams) -> Outcome:
    """A service gives the answers that it is asked for.

    Requests are sent one after another, through a relay into the sandbox or to the port that a container publishes; the
    share of right answers is the share of the points. JSON fields are found by meaning: a rubric names all the names
    that count. A service that ends is started again for the next check, and the request that ended it is wrong. Values
    that are drawn from the seed keep answers from being prepared.
    """
    with conversation(context, params.service, fresh=params.fresh) as talk:
        told = list(_told(context, params, talk))
        end = talk.end()
    ended = end.how
    if ended and told[-1].missed is None:
        told[-1] = msgspec.structs.replace(told[-1], missed=Missed(expected="a service that lives on", actual=ended))
    judged = [(step, one) for step, one in zip(params.requests, told, strict=True) if step.judged]
    right = sum(one.missed is None for _, one in judged)
    evidence = [_evidence(step, one) for step, one in judged]
    if ended:
        text = end.output or "nothing was printed"
        evidence.insert(0, Evidence(kind=EvidenceKind.COMMAND, path="the service", actual=ended, text=text))
    outcome = Outcome.partial(
        Fraction(right, len(judged)),
        f"{right} of {len(judged)} {'request is' if len(judged) == 1 else 'requests are'} answered as they should be"
        f"{f'; the service has ended: {ended}' if ended else ''}.",
        *sorted(evidence, key=lambda piece: piece.expected is None),
        measure=Measure(value=round(100 * right / len(judged), 2), unit="%", threshold=100),
    )
    return outcome.replace(claimed=end.is_claimed)


def _told(context: Context, params: RequestParams, talk: Conversation) -> Iterator[Told]:
    values = draw_values(params.draw, f"{context.seed} http.request {sorted(params.draw)}")
    compared: dict[str, Any] = {}
    for number, step in enumerate(params.requests):
        one = _asked(context, params, step, values, f"{context.seed} {number}", talk)
        if one.answer is not None:
            body = _json(one.answer)
            value = find_value(body, step.compare) if step.compare else ABSENT
            compared[step.title] = value
            values |= _captured(step, one.answer, body)
            if one.missed is None and (missed := _compare(step, value, compared)):
                one = msgspec.structs.replace(one, missed=missed)
        yield one


def _asked(
    context: Context, params: RequestParams, step: Step, values: Mapping[str, Any], seed: str, talk: Conversation
) -> Told:
    """Ask at each of the paths until one of them is known, and return what came of that one, else of the first."""
    first: Told | None = None
    for request in build_requests(context, step, values, seed):
        try:
            answer = talk.ask(request, params.seconds)
        except NoAnswer as error:
            return Told(request=request, missed=Missed(expected="an answer", actual=error.reason))
        told = Told(request=request, answer=answer, missed=find_missed(answer, step.expect, context, values))
        if told.missed is None or answer.status not in NO_ROUTE:
            return told
        first = first or told
    assert first is not None  # a request has at least one path
    return first


def _json(answer: Answer) -> Any:
    try:
        return read_body(answer)
    except ValueError:
        return ABSENT


def _captured(step: Step, answer: Answer, body: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, at in step.capture.items():
        for place in [at] if isinstance(at, str) else at:
            value = answer.header(place[7:]) if place.startswith("header:") else find_value(body, [place])
            if value is not None and value is not ABSENT:
                found[name] = value
                break
    return found


def _compare(step: Step, value: Any, compared: Mapping[str, Any]) -> Missed | None:
    for title, is_wanted in ((step.differs_from, False), (step.same_as, True)):
        if not title:
            continue
        other = compared.get(title, ABSENT)
        place = " or ".join(step.compare)
        if value is ABSENT or other is ABSENT:
            return Missed(expected=f"{place}, to be compared with that of {title!r}", actual="it is not there")
        if is_same_json(value, other) != is_wanted:
            wanted = "the same" if is_wanted else "another"
            return Missed(
                expected=f"{wanted} {place} as for {title!r}" if is_wanted else f"{wanted} {place} than for {title!r}",
                actual="another one" if is_wanted else "the same one",
            )
    return None


def _evidence(step: Step, told: Told) -> Evidence:
    answer = told.answer
    title = f"{step.title}: " if step.title else ""
    shown = ""
    if answer is not None:
        kind = answer.header("content-type") or "no content type"
        shown = (
            f"{answer.status}, {kind}, {len(answer.body)} bytes, {answer.seconds * 1000:.0f} ms: {answer.text[:SHOWN]}"
        )
    return Evidence(
        kind=EvidenceKind.HTTP,
        path=told.request.line,
        expected=told.missed.expected if told.missed else None,
        actual=told.missed.actual if told.missed else f"status {answer.status if answer else 'none'}, as asked",
        text=f"{title}{shown}" or None,
    )
