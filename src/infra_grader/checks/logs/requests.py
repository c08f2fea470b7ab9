"""The logs.requests check kind."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from random import Random
from typing import NamedTuple

import msgspec

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.http import Client, Request
from infra_grader.checks.logs._log_entries import ID_HEADERS, Entry, ids_in, read_entry, told_of, value_of
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
from infra_grader.reading.asked_request import Asked
from infra_grader.reading.live_container import container_of, ended
from infra_grader.reading.traffic import Sent, send

LOGS = "docker logs CONTAINER"
TIMES = 2
"""How often each request is sent: two of them have two ids."""
POLL_S = 0.5
SHOWN = 600
TITLED = 3
Names = Annotated[str, Meta(min_length=1)]


class Look(NamedTuple):
    """A request, and what the log tells of it."""

    sent: Sent
    new: list[str]
    """Lines that are new since it was sent."""
    told: list[Entry]
    """Those that tell of it."""


class Requests(Params):
    """What a container is asked, and what its log holds then."""

    container: Annotated[Handle, Meta(description="Id of the check that starts the container.")]
    requests: Annotated[
        list[Asked], Meta(min_length=1, max_length=20, description="What it is asked; one of them must be in its log.")
    ]
    ids: Annotated[
        Names, Meta(description="Names of the field that tells requests apart, `a|b` for either; none if empty.")
    ] = "request_id|correlation_id|trace_id|x_request_id|req_id|otel_trace_id"
    fields: Annotated[list[Names], Meta(description="Fields that a request is logged with, `a|b` for either name.")] = (
        msgspec.field(default_factory=list)
    )
    seconds: Annotated[float, Meta(gt=0, le=60, description="Time until it is in the log.")] = 5.0


@check("logs.requests", capabilities=("docker", "command", "http"), measure="%")
def requests(context: Context, params: Requests) -> Outcome:
    """A container that runs logs the requests which it answers as JSON, with an id and what belongs to them.

    Requests of ours are sent one after another, twice each, with an id of their own in the headers `X-Request-ID`
    and `X-Correlation-ID`. Each is found among the new lines of its log by this id, by the one that the answer has
    in such a header, by its path, or, where nothing names that, by its status; lines that are no JSON, such as those
    of a server's own access log, count for nothing. Without any of them nothing is earned. With one, each of these is
    worth the same: that it is found, that each request has an id that no other one has (any of its ids, but none of
    zeros only), and each field. Fields may stand in several lines with the same id; they hold something. Names are
    compared without case, `_`, `-` and `.`, and a field in an object within has the names around it or not:
    `service_name` is `serviceName`, `service.name` and `context.service.name`, too. A request that is not answered
    counts for nothing, as long as another one is.
    """
    service = container_of(context, params.container)
    if not service.port:
        raise NotAssessed(f"{params.container} has no port to ask it at.", "Name one with a port that answers.")
    drawn = Random(f"{context.seed} ids")  # noqa: S311 - no secret
    try:
        with service.turn(context.deadline) as running:
            client = Client(running.connect, running.port)
            try:
                looks, unanswered = _ask(
                    params.requests,
                    lambda asked, earlier: _look(context, params, asked, client, running.container, drawn, earlier),
                )
            finally:
                client.close()
    except NotStarted as error:
        raise ended(service, error) from error
    found = [look.told for look in looks if look.told]
    if not found:
        raise _not_logged(looks)
    pieces = list(_pieces(params, found))
    right = sum(piece.expected is None for piece in pieces)
    pieces.sort(key=lambda piece: piece.expected is None)
    fault = f"; {pieces[0].actual}" if pieces[0].expected else ""
    return Outcome.partial(
        Fraction(right, len(pieces)),
        f"The log tells of {len(found)} of our {len(looks)} requests{fault[:300]}.",
        *pieces,
        *(_said(f"{look.sent.request.line} is not told of") for look in looks if not look.told),
        *(piece for failure in unanswered for piece in failure.evidence),
        _said("as it is logged", text=str(found[0])[:SHOWN]),
        measure=Measure(value=round(100 * right / len(pieces), 2), unit="%", threshold=100),
    )


def _ask(
    requests: Sequence[Asked], look: Callable[[Asked, Sequence[Look]], Look]
) -> tuple[list[Look], list[CheckFailed]]:
    """Look at each request, and return what was seen, and why others are not answered.

    Raises the first `CheckFailed` where none is answered.
    """
    looks: list[Look] = []
    unanswered: list[CheckFailed] = []
    for asked in requests:
        for _ in range(TIMES):
            try:
                looks.append(look(asked, looks))
            except CheckFailed as failure:  # the first answer may take long, where a model is loaded for it
                unanswered.append(failure)
                continue
            if not looks[-1].told:  # and will not be the second time
                break
    if not looks:
        raise unanswered[0]
    return looks, unanswered


def _look(
    context: Context,
    params: Requests,
    asked: Asked,
    client: Client,
    container: RunningContainer,
    drawn: Random,
    earlier: Sequence[Look],
) -> Look:
    """Send a request, and return what the log tells of it."""
    before = _lines(container)
    sent = send(context, client, [asked], 1, lambda request: _with_id(request, drawn))[0]
    used = {one for look in earlier for one in ids_in(look.told, params.ids)}
    limit = Deadline(min(params.seconds, context.deadline.remaining()))
    told: list[Entry] = []
    while True:
        new = list((Counter(_lines(container)) - Counter(before)).elements())
        entries = [entry for line in new if (entry := read_entry(line)) is not None]
        last, told = told, told_of(sent, entries, params.ids, used)
        # looked at again, as more lines may follow the first
        if (told and told == last) or not limit.remaining():
            context.deadline.check()
            return Look(sent, new, told)
        time.sleep(POLL_S)


def _with_id(request: Request, drawn: Random) -> Request:
    """Return a request with an id, unless the rubric gives it one."""
    own = {name.lower() for name, _ in request.headers}
    value = str(uuid.UUID(int=drawn.getrandbits(128), version=4))
    added = tuple((name, value) for name in ID_HEADERS if name.lower() not in own)
    return request.replace(headers=(*request.headers, *added))


def _lines(container: RunningContainer) -> list[str]:
    return [line for line in container.log().decode("utf-8", "replace").splitlines() if line.strip()]


def _pieces(params: Requests, found: Sequence[list[Entry]]) -> Iterator[Evidence]:
    yield _said("a request of ours is logged as JSON")
    if params.ids:
        title = _title(params.ids)
        given = [set(ids) for entries in found if (ids := ids_in(entries, params.ids))]
        times = Counter(one for ids in given for one in ids)
        shared = sum(all(times[one] > 1 for one in ids) for ids in given)
        if not given:
            yield _said(f"there is no {title}", "an id for each request", str(found[0])[:SHOWN])
        elif shared:
            yield _said(f"{shared} of {len(given)} requests have no id of their own", "an id for each request")
        else:
            yield _said(f"each request has its own {title}")
    for names in params.fields:
        title = _title(names)
        lacking = next((entries for entries in found if value_of(entries, names) is None), None)
        if lacking is None:
            yield _said(f"{title} is there")
        else:
            yield _said(f"there is no {title}", f"the field {names.replace('|', ' or ')}", str(lacking)[:SHOWN])


def _title(names: str) -> str:
    known = names.split("|")
    return " or ".join([*known[:TITLED], *(["the like"] if known[TITLED:] else [])])


def _not_logged(looks: Sequence[Look]) -> CheckFailed:
    """Return the failure of a container that does not log what it answers."""
    asked = ", ".join(look.sent.request.line for look in looks)
    new = [line for look in looks for line in look.new]
    other = next((line for line in new if read_entry(line) is None), "")
    actual = f"{len(new)} new lines" if new else "nothing new"
    actual += f", such as one that is no JSON: {other[:200]}" if other else ""
    return CheckFailed(
        f"No line of JSON in its log tells of a request of ours: there is {actual[:300]}.",
        _said(actual, f"a line of JSON about {asked}"[:300], "\n".join(new)[-SHOWN:] or "nothing was printed"),
    )


def _said(actual: str, expected: str | None = None, text: str | None = None) -> Evidence:
    return Evidence(kind=EvidenceKind.COMMAND, path=LOGS, expected=expected, actual=actual, text=text)
