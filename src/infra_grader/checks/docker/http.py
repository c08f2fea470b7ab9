"""The docker.http check kind."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial

import msgspec

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.container_service import ContainerRunning
from infra_grader.capabilities.docker_listening import why_silent
from infra_grader.capabilities.http import Answer, Client, NoAnswer, Request
from infra_grader.model.record import Record
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
from infra_grader.reading.live_container import container_of, ended

SHOWN = 400
Port = Annotated[int, Meta(ge=1, le=65_535)]
Status = Annotated[int, Meta(ge=100, le=599)]
UrlPath = Annotated[str, Meta(min_length=1)]


class Http(Params):
    """Where a container is asked, and what it answers."""

    container: Annotated[Handle, Meta(description="Id of the check that starts the container.")]
    ports: Annotated[
        list[Port], Meta(description="Ports inside, of which one answers; without any, the one that answered first.")
    ] = msgspec.field(default_factory=list)
    paths: Annotated[list[UrlPath], Meta(min_length=1, description="Paths, of which one is answered rightly.")] = (
        msgspec.field(default_factory=lambda: ["/"])
    )
    status: Annotated[list[Status], Meta(min_length=1, description="Statuses of a right answer.")] = msgspec.field(
        default_factory=lambda: [200]
    )
    contains: Annotated[list[UrlPath], Meta(description="Texts that its body contains.")] = msgspec.field(
        default_factory=list
    )
    seconds: Annotated[float, Meta(gt=0, le=120, description="Time for each answer.")] = 10.0


@check("docker.http", capabilities=("docker",), measure="ms")
def http(context: Context, params: Http) -> Outcome:
    """A container answers on its port, asked from outside.

    It is asked through the port that Docker publishes, so that a server which is bound to 127.0.0.1 inside, or listens
    on another port, does not answer; then the evidence says where it listens. More than a status and some text is
    asked by `http.request`, whose `service` the same check can be. It is measured how long the answer took.
    """
    with ExitStack() as opened:
        # For this check alone, from the first request to the last; a record answers without it.
        return _asked(context, params, cache(lambda: opened.enter_context(_running(context, params))))


class Came(Record):
    """What came of one request."""

    answer: Answer | None = None
    silent: tuple[Evidence, ...] = ()
    """Why there was no answer."""


def _asked(context: Context, params: Http, running: Callable[[], ContainerRunning]) -> Outcome:
    faults: list[Evidence] = []
    ports = params.ports or [context.observe("port", int, lambda: running().port, asked=())]
    if not any(ports):
        raise NotAssessed("The container is asked at no port.", "Name the `ports`, there and in docker.run.")
    for port, path in dict.fromkeys(itertools.product(ports, params.paths)):
        came = context.observe(
            f"GET {path} on port {port}",
            Came,
            partial(_ask, context, params, running, port, path),
            asked=(params.ports, params.paths, params.seconds),
        )
        if came.answer is None:
            faults += came.silent
            continue
        missed = _missed(params, came.answer)
        if not missed:
            milliseconds = round(1000 * came.answer.seconds, 1)
            return Outcome.passed(
                f"GET {path} on port {port} is answered by {came.answer.status} within {milliseconds:.0f} ms.",
                _evidence(port, path, came.answer),
                measure=Measure(value=milliseconds, unit="ms"),
            )
        faults.append(_evidence(port, path, came.answer).replace(expected=missed))
    raise CheckFailed(f"The container does not answer as it should: {faults[0].actual}.", *faults)


def _ask(context: Context, params: Http, running: Callable[[], ContainerRunning], port: int, path: str) -> Came:
    context.deadline.check()
    client = Client(running().connect, port)
    try:
        seconds = min(params.seconds, context.deadline.remaining())
        return Came(answer=client.ask(Request(target=path, follows=True), seconds))
    except NoAnswer as error:
        context.deadline.check()
        return Came(silent=(_silent(context, running(), port, path, error),))
    finally:
        client.close()


@contextmanager
def _running(context: Context, params: Http) -> Iterator[ContainerRunning]:
    """Yield the container, for this check alone. Raises `CheckFailed` for one that does not start again."""
    service = container_of(context, params.container)
    try:
        with service.turn(context.deadline) as running:
            yield running
    except NotStarted as error:
        raise ended(service, error) from error


def _missed(params: Http, answer: Answer) -> str:
    """Return what an answer is asked to be and is not, or nothing."""
    if answer.status not in params.status:
        return f"status {' or '.join(map(str, params.status))}"
    return next((f"a body that contains {text!r}" for text in params.contains if text not in answer.text), "")


def _evidence(port: int, path: str, answer: Answer) -> Evidence:
    return Evidence(
        kind=EvidenceKind.HTTP,
        path=f"GET {path} on port {port}",
        actual=f"status {answer.status}",
        text=answer.text[:SHOWN] or None,
    )


def _silent(context: Context, running: ContainerRunning, port: int, path: str, error: NoAnswer) -> Evidence:
    """Return why there was no answer. Raises `NotAssessed` for a port that nobody has published."""
    container = running.container
    state = container.state()
    found = container.listeners(context.deadline) if state.is_running else []
    listens = any(one.port == port and one.is_reachable for one in found or ())
    if listens and port not in container.published:
        raise NotAssessed(f"Port {port} of the container is not published.", "Name it among the `ports` of docker.run.")
    reason = error.reason if listens else why_silent(found, port)
    return Evidence(
        kind=EvidenceKind.HTTP,
        path=f"GET {path} on port {port}",
        expected="an answer",
        actual=reason if state.is_running else f"the container has ended: {state.how}",
        text=running.output.strip()[-SHOWN:] or "nothing was printed",
    )
