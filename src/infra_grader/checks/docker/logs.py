"""The docker.logs check kind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Literal

import msgspec

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.http import Client, NoAnswer, Request
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
    Regex,
    check,
)
from infra_grader.reading.live_container import container_of, ended
from infra_grader.reading.plain_value import read_json
from infra_grader.reading.printed import Expected, find_missed

SETTLE_S = 0.5
"""How long what was asked takes to be logged."""
ANSWER_S = 10.0
SHOWN = 600
LOGS = "docker logs CONTAINER"
Text = Annotated[str, Meta(min_length=1)]


class Logs(Params):
    """What a container prints, and what not."""

    container: Annotated[Handle, Meta(description="Id of the check that starts the container.")]
    requests: Annotated[
        list[Text], Meta(description="Paths that are asked first, so that it has something to log.")
    ] = msgspec.field(default_factory=list)
    stream: Annotated[Literal["any", "stdout", "stderr"], Meta(description="Where it has to print.")] = "any"
    lines: Annotated[int, Meta(ge=1, le=1000, description="Lines that it prints at least.")] = 1
    contains: Annotated[list[Text], Meta(description="Texts that are found in it.")] = msgspec.field(
        default_factory=list
    )
    matches: Annotated[list[Regex], Meta(description="Regular expressions that are found in it.")] = msgspec.field(
        default_factory=list
    )
    json_share: Annotated[
        float, Meta(ge=0, le=1, description="Share of its lines that are JSON objects, at least.")
    ] = 0.0
    fields: Annotated[
        list[Text | list[Text]],
        Meta(description="Fields that every JSON object has, if `json_share` asks for some; a list means any of them."),
    ] = msgspec.field(default_factory=list)
    lacks: Annotated[list[Text], Meta(description="Texts that it does not contain, such as a password.")] = (
        msgspec.field(default_factory=lambda: ["Traceback (most recent call last)"])
    )


@check("docker.logs", capabilities=("docker", "command"), measure="%")
def logs(context: Context, params: Logs) -> Outcome:
    """A container prints what it does, as it was asked to.

    The end of what it printed is read, as `docker logs` shows it; what it writes to files inside does not count, and is
    named. Each of what was asked is worth the same: that it prints at all, each text and pattern, the share of
    lines that are JSON, each field, and that what must not be there is not.
    """
    service = container_of(context, params.container)
    if params.requests:
        try:
            with service.turn(context.deadline) as running:
                _ask(context, params, running.connect, running.port)
        except NotStarted as error:
            raise ended(service, error) from error
    container = service.container
    printed = container.log("all" if params.stream == "any" else params.stream)
    text = printed.decode("utf-8", "replace")
    asked = list(_asked(context, params, printed, text))
    missed = [fault for _, fault in asked if fault is not None]
    if not text.strip():
        missed = [_evidence(f"{params.lines} lines", "nothing", _files(container))]
        asked = [("", missed[0])]
    right = len(asked) - len(missed)
    share = round(100 * right / len(asked), 2)
    shown = Evidence(kind=EvidenceKind.COMMAND, path=LOGS, text=text.strip()[-SHOWN:] or "nothing was printed")
    message = f"The container prints {right} of {len(asked)} things as asked."
    if missed:
        message = f"What the container prints is not as asked: {missed[0].expected}; there is {missed[0].actual}."
    measure = Measure(value=share, unit="%", threshold=100)
    return Outcome.partial(Fraction(right, len(asked)), message, *missed, shown, measure=measure)


def _ask(context: Context, params: Logs, connect: Any, port: int) -> None:
    for path in params.requests:
        client = Client(connect, port)
        try:
            client.ask(Request(target=path), min(ANSWER_S, context.deadline.remaining()))
        except NoAnswer:
            context.deadline.check()
        finally:
            client.close()
    time.sleep(SETTLE_S)


def _asked(context: Context, params: Logs, printed: bytes, text: str) -> Iterator[tuple[str, Evidence | None]]:
    """Yield each thing that is asked, and the evidence where it is not so."""
    lines = [line for line in text.splitlines() if line.strip()]
    is_enough = len(lines) >= params.lines
    yield "lines", None if is_enough else _evidence(f"at least {params.lines} lines", f"{len(lines)} lines")
    for part in params.contains:
        yield part, None if part in text else _evidence(f"the text {part!r}", "no such text")
    for pattern in params.matches:
        missed = find_missed(printed, Expected(matches=pattern), context)
        yield pattern, None if missed is None else _evidence(f"a text that matches {pattern!r}", "no such text")
    if params.json_share:
        yield from _structured(params, lines)
    for part in params.lacks:
        place = next((number for number, line in enumerate(lines, start=1) if part.lower() in line.lower()), 0)
        found = _evidence(f"no text {part!r}", f"it, in line {place} of the last {len(lines)}")
        yield part, found if place else None


def _structured(params: Logs, lines: list[str]) -> Iterator[tuple[str, Evidence | None]]:
    objects = [found for line in lines if (found := _object(line)) is not None]
    share = len(objects) / max(1, len(lines))
    other = next((line for line in lines if _object(line) is None), "")
    fault = _evidence(
        f"JSON in {100 * params.json_share:g} % of the lines",
        f"JSON in {100 * share:.0f} %",
        f"not JSON: {other[:200]}",
    )
    yield "json", None if objects and share >= params.json_share else fault
    for names in params.fields:
        wanted = [names] if isinstance(names, str) else names
        lacking = next((found for found in objects if not any(name in found for name in wanted)), None)
        title = " or ".join(wanted)
        if not objects:
            yield title, _evidence(f"the field {title} in every object", "no object at all")
        elif lacking is not None:
            yield title, _evidence(f"the field {title} in every object", f"one without it: {str(lacking)[:200]}")
        else:
            yield title, None


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = read_json(line.strip())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _evidence(expected: str, actual: str, text: str | None = None) -> Evidence:
    return Evidence(kind=EvidenceKind.COMMAND, path=LOGS, expected=expected, actual=actual, text=text)


def _files(container: RunningContainer) -> str | None:
    """Return which files that look like logs a container has written instead."""
    import docker.errors

    with answering():
        try:
            changed = container.docker.api.diff(container.key) or []
        except docker.errors.APIError:
            return None
    files = [str(each["Path"]) for each in changed if str(each["Path"]).endswith((".log", ".out", ".jsonl"))]
    return f"it writes to {', '.join(files[:5])} instead" if files else None
