"""The logs.requests check kind."""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction
from random import Random
from typing import Any, NamedTuple

import msgspec

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.http import Client, Request
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
from infra_grader.reading.plain_value import read_json
from infra_grader.reading.traffic import Sent, send

LOGS = "docker logs CONTAINER"
ID_HEADERS = ("X-Request-ID", "X-Correlation-ID")
TIMES = 2
"""How often each request is sent: two of them have two ids."""
POLL_S = 0.5
DEEPEST = 6
SHOWN = 600
Entry = Mapping[str, Any]
"""A line of the log that is a JSON object."""
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
    ] = "request_id|correlation_id|trace_id"
    fields: Annotated[list[Names], Meta(description="Fields that a request is logged with, `a|b` for either name.")] = (
        msgspec.field(default_factory=list)
    )
    seconds: Annotated[float, Meta(gt=0, le=60, description="Time until it is in the log.")] = 5.0


@check("logs.requests", capabilities=("docker", "command", "http"), measure="%")
def requests(context: Context, params: Requests) -> Outcome:
    """A container that runs logs the requests which it answers as JSON, with an id and what belongs to them.

    Requests of ours are sent one after another, twice each, with an id of their own in the headers `X-Request-ID`
    and `X-Correlation-ID`. Each is found among the new lines of its log by this id, by the one that the answer has
    in such a header, or by its path; lines that are no JSON, such as those of a server's own access log, count for
    nothing. Without any of them nothing is earned. With one, each of these is worth the same: that it is found,
    that each request has an id that no other one has, and each field. Fields may stand in several lines with the
    same id, and in an object within (`context.request_id`); they hold something.
    """
    service = container_of(context, params.container)
    if not service.port:
        raise NotAssessed(f"{params.container} has no port to ask it at.", "Name one with a port that answers.")
    drawn = Random(f"{context.seed} ids")  # noqa: S311 - no secret
    looks: list[Look] = []
    try:
        with service.turn(context.deadline) as running:
            client = Client(running.connect, running.port)
            try:
                for asked in params.requests:
                    for _ in range(TIMES):
                        looks.append(_look(context, params, asked, client, running.container, drawn, looks))
                        if not looks[-1].told:  # and will not be the second time
                            break
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
        _said("as it is logged", text=str(found[0])[:SHOWN]),
        measure=Measure(value=round(100 * right / len(pieces), 2), unit="%", threshold=100),
    )


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
    used = {_value(look.told, params.ids) for look in earlier} - {None} if params.ids else set()
    limit = Deadline(min(params.seconds, context.deadline.remaining()))
    told: list[Entry] = []
    while True:
        new = list((Counter(_lines(container)) - Counter(before)).elements())
        last, told = told, _told(params, [one for line in new if (one := _object(line)) is not None], sent, used)
        # looked at again, as more lines may follow the first
        if (told and told == last) or not limit.remaining():
            context.deadline.check()
            return Look(sent, new, told)
        time.sleep(POLL_S)


def _told(params: Requests, objects: Sequence[Entry], sent: Sent, used: AbstractSet[str | None]) -> list[Entry]:
    """Return the objects that tell of a request: those with its id, else those with its path and what has their id.

    An id that was `used` before is taken only where there is no other: a line may come late.
    """
    ids = _ids_of(sent)
    if own := [item for item in objects if any(one in text for _, text in _leaves(item) for one in ids)]:
        return own
    path = sent.request.target.partition("?")[0]
    named = [item for item in objects if any(_names(text, path) for _, text in _leaves(item))]
    if not params.ids or not named:
        return named[:1]
    first = next((item for item in named if _value([item], params.ids) not in used), named[0])
    given = _value([first], params.ids)
    return [item for item in objects if _value([item], params.ids) == given] if given else [first]


def _ids_of(sent: Sent) -> list[str]:
    headers = {name.lower(): value for name, value in sent.request.headers}
    values = [headers.get(name.lower()) for name in ID_HEADERS] + [sent.answer.header(name) for name in ID_HEADERS]
    return [value for value in values if value]


def _names(text: str, path: str) -> bool:
    """Whether a text names a path, alone, in a line of HTTP or in an address, and not one that ends in it."""
    end = re.escape(path) + r"(?![\w/-])"
    return re.search(rf"(?<![\w/.:-]){end}|://[^/\s]+{end}", text) is not None


def _with_id(request: Request, drawn: Random) -> Request:
    """Return a request with an id, unless the rubric gives it one."""
    own = {name.lower() for name, _ in request.headers}
    value = str(uuid.UUID(int=drawn.getrandbits(128), version=4))
    added = tuple((name, value) for name in ID_HEADERS if name.lower() not in own)
    return request.replace(headers=(*request.headers, *added))


def _lines(container: RunningContainer) -> list[str]:
    return [line for line in container.log().decode("utf-8", "replace").splitlines() if line.strip()]


def _leaves(item: Entry, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the values within an object that hold something, each with its name."""
    for name, value in item.items():
        if isinstance(value, Mapping) and depth < DEEPEST:
            yield from _leaves(value, depth + 1)
        elif value not in (None, "", [], {}):
            yield str(name), str(value)


def _value(items: Sequence[Entry], names: str) -> str | None:
    """Return the value of a field, by any of its names; with dots, its last part is a name too: `log.level`."""
    wanted = set(names.split("|"))
    leaves = (leaf for item in items for leaf in _leaves(item))
    return next((text for name, text in leaves if name in wanted or name.rpartition(".")[2] in wanted), None)


def _object(line: str) -> Entry | None:
    try:
        found = read_json(line.strip())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _pieces(params: Requests, found: Sequence[list[Entry]]) -> Iterator[Evidence]:
    yield _said("a request of ours is logged as JSON")
    if params.ids:
        title = params.ids.replace("|", " or ")
        values = [value for items in found if (value := _value(items, params.ids)) is not None]
        if not values:
            yield _said(f"there is no {title}", "an id for each request", str(found[0])[:SHOWN])
        elif len(set(values)) < len(values):
            yield _said(f"{len(values)} requests have {len(set(values))} ids", "an id for each request")
        else:
            yield _said(f"each request has its own {title}")
    for names in params.fields:
        title = names.replace("|", " or ")
        lacking = next((items for items in found if _value(items, names) is None), None)
        if lacking is None:
            yield _said(f"{title} is there")
        else:
            yield _said(f"there is no {title}", f"the field {title}", str(lacking)[:SHOWN])


def _not_logged(looks: Sequence[Look]) -> CheckFailed:
    """Return the failure of a container that does not log what it answers."""
    asked = ", ".join(look.sent.request.line for look in looks)
    new = [line for look in looks for line in look.new]
    other = next((line for line in new if _object(line) is None), "")
    actual = f"{len(new)} new lines" if new else "nothing new"
    actual += f", such as one that is no JSON: {other[:200]}" if other else ""
    return CheckFailed(
        f"No line of JSON in its log tells of a request of ours: there is {actual[:300]}.",
        _said(actual, f"a line of JSON about {asked}"[:300], "\n".join(new)[-SHOWN:] or "nothing was printed"),
    )


def _said(actual: str, expected: str | None = None, text: str | None = None) -> Evidence:
    return Evidence(kind=EvidenceKind.COMMAND, path=LOGS, expected=expected, actual=actual, text=text)
