"""The docker.logs check kind."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any, Literal

import msgspec

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.docker import answering
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
    check,
)
from infra_grader.reading.live_container import container_of, ended
from infra_grader.reading.printed_log import LogParams, missed_in

SETTLE_S = 0.5
"""How long what was asked takes to be logged."""
ANSWER_S = 10.0
SHOWN = 600
LOGS = "docker logs CONTAINER"
Text = Annotated[str, Meta(min_length=1)]


class Logs(LogParams):
    """What a container prints, and what not."""

    container: Annotated[Handle, Meta(description="Id of the check that starts the container.")]
    requests: Annotated[
        list[Text], Meta(description="Paths that are asked first, so that it has something to log.")
    ] = msgspec.field(default_factory=list)
    stream: Annotated[Literal["any", "stdout", "stderr"], Meta(description="Where it has to print.")] = "any"


@check("docker.logs", capabilities=("docker", "command"), measure="%")
def logs(context: Context, params: Logs) -> Outcome:
    """A container prints what it does, as it was asked to.

    The end of what it printed is read, as `docker logs` shows it; what it writes to files inside does not count, and is
    named. Each of what was asked is worth the same: that it prints at all, each text and pattern, the share of
    lines that are JSON, each field, and that what must not be there is not.
    """
    printed = context.observe("log", bytes, lambda: _printed(context, params), asked=(params.requests, params.stream))
    text = printed.decode("utf-8", "replace")
    asked = missed_in(context, params, printed, LOGS)
    missed = [fault for fault in asked if fault is not None]
    if not text.strip():
        files = context.observe("files", str, lambda: _files(context, params), asked=())
        missed = [_evidence(f"{params.lines} lines", "nothing", files or None)]
        asked = [missed[0]]
    right = len(asked) - len(missed)
    share = round(100 * right / len(asked), 2)
    shown = Evidence(kind=EvidenceKind.COMMAND, path=LOGS, text=text.strip()[-SHOWN:] or "nothing was printed")
    message = f"The container prints {right} of {len(asked)} things as asked."
    if missed:
        message = f"What the container prints is not as asked: {missed[0].expected}; there is {missed[0].actual}."
    measure = Measure(value=share, unit="%", threshold=100)
    return Outcome.partial(Fraction(right, len(asked)), message, *missed, shown, measure=measure)


def _printed(context: Context, params: Logs) -> bytes:
    service = container_of(context, params.container)
    if params.requests:
        try:
            with service.turn(context.deadline) as running:
                _ask(context, params, running.connect, running.port)
        except NotStarted as error:
            raise ended(service, error) from error
    return service.container.log("all" if params.stream == "any" else params.stream)


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


def _evidence(expected: str, actual: str, text: str | None = None) -> Evidence:
    return Evidence(kind=EvidenceKind.COMMAND, path=LOGS, expected=expected, actual=actual, text=text)


def _files(context: Context, params: Logs) -> str:
    """Return which files that look like logs a container has written instead; nothing if there are none."""
    import docker.errors

    container = container_of(context, params.container).container
    with answering():
        try:
            changed = container.docker.api.diff(container.key) or []
        except docker.errors.APIError:
            return ""
    files = [str(each["Path"]) for each in changed if str(each["Path"]).endswith((".log", ".out", ".jsonl"))]
    return f"it writes to {', '.join(files[:5])} instead" if files else ""
