"""The docker.resources check kind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.container_service import ContainerService, begin
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.http import Client, NoAnswer
from infra_grader.capabilities.sandbox import MIB
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
from infra_grader.reading.live_container import container_of

LOOK_S = 0.2
LEAVE_S = 5.0
ANSWER_S = 10.0


class Resources(Params):
    """What a container has to do with, and what it is asked meanwhile."""

    container: Annotated[Handle, Meta(description="Id of the check that starts the container.")]
    memory_mb: Annotated[int, Meta(ge=6, le=16_384, description="Memory that it may use, in MiB.")]
    cpus: Annotated[float, Meta(gt=0, le=16, description="Processors that it may use.")] = 1.0
    seconds: Annotated[
        float | None, Meta(description="Time until it answers under these limits; else that of docker.run.")
    ] = None
    requests: Annotated[list[Asked], Meta(max_length=50, description="What it is asked while memory is measured.")] = (
        msgspec.field(default_factory=list)
    )
    times: Annotated[int, Meta(ge=1, le=200, description="How often each of them is asked.")] = 5
    watch_s: Annotated[float, Meta(ge=0, le=120, description="Seconds that are watched after its first answer.")] = 3.0


@check("docker.resources", capabilities=("docker",), measure="MB")
def resources(context: Context, params: Resources) -> Outcome:
    """A container does its work within limits on memory and processors.

    Another container like it is started with these limits, asked, and watched: it has to answer in time, and nothing in
    it may be killed for want of memory, be it process 1 or a worker that is started again. It is measured what it
    used at most, as looks several times a second saw it, without what the system only keeps of files.
    """
    service = container_of(context, params.container)
    if service.recipe is None:
        raise NotAssessed("Only a container of docker.run can be started with other limits.", "Name such a check.")
    request = service.recipe.request.replace(memory_bytes=params.memory_mb * MIB, cpus=params.cpus)
    ready = service.recipe.ready.replace(seconds=params.seconds or service.recipe.ready.seconds)
    context.tell("start the container under limits")
    began = time.time()
    try:
        container, answered = begin(
            context.docker, service.recipe.replace(request=request, ready=ready), context.deadline
        )
    except NotStarted as error:
        raise CheckFailed(
            f"The container does not start with {params.memory_mb} MiB and {params.cpus:g} processors: {error.reason}.",
            Evidence(
                kind=EvidenceKind.COMMAND,
                path=request.command_line,
                expected=f"an answer within {ready.seconds:g} s",
                actual=error.reason,
                text=error.output.strip()[-500:] or "nothing was printed",
            ),
        ) from error
    try:
        with _watched(container) as seen:
            wrong = _ask(context, params, container, answered.port)
            until = time.monotonic() + params.watch_s
            while time.monotonic() < until and container.state().is_running:
                context.deadline.check()
                time.sleep(LOOK_S)
        return _judged(params, service, container, seen, began, answered.seconds, wrong)
    finally:
        container.remove()


def _judged(
    params: Resources,
    service: ContainerService,
    container: RunningContainer,
    seen: list[int],
    began: float,
    seconds: float,
    wrong: str,
) -> Outcome:
    state = container.state()
    killed = container.memory_events(began)
    peak = round(max(seen, default=0) / MIB, 1)
    evidence = Evidence.number(
        actual=peak,
        expected=f"at most {params.memory_mb}",
        unit="MB",
        text=f"with {params.cpus:g} processors, it answered after {seconds:.1f} s; {service.command}",
    )
    problem = ""
    if killed or state.is_out_of_memory:
        problem = f"{max(1, killed)} of its processes {'was' if killed <= 1 else 'were'} killed for want of memory"
    elif not state.is_running:
        problem = f"it has ended: {state.how}"
    elif wrong:
        problem = wrong
    if problem:
        return Outcome.failed(f"With {params.memory_mb} MiB, {problem}.", evidence)
    measure = Measure(value=peak, unit="MB", threshold=params.memory_mb)
    return Outcome.passed(f"The container does with {peak:g} of {params.memory_mb} MB.", evidence, measure=measure)


def _ask(context: Context, params: Resources, container: RunningContainer, port: int) -> str:
    """Send the requests, and return what came instead of the first answer that did not come."""
    for number, request in enumerate(params.requests):
        client = Client(container.connect, port)
        try:
            for n in range(params.times):
                context.deadline.check()
                built = next(iter(build_requests(context, request, {}, f"{context.seed} {number} {n}")))
                client.ask(built, min(ANSWER_S, context.deadline.remaining()))
        except NoAnswer as error:
            context.deadline.check()
            return f"{request.method} {request.paths[0]} is not answered: {error.reason}"
        finally:
            client.close()
    return ""


@contextmanager
def _watched(container: RunningContainer) -> Iterator[list[int]]:
    """Look at the memory of a container again and again, and yield the list that grows by each look."""
    seen = [container.memory_bytes()]
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(LOOK_S):
            try:
                seen.append(container.memory_bytes())
            except NotAssessed:
                return

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield seen
    finally:
        is_over.set()
        looking.join(LEAVE_S)
