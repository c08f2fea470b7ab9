"""The docker.run check kind."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack

import msgspec

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.container_service import Answered, ContainerService, Recipe, begin, stays
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_container import ContainerRequest, NotStartable, start
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.docker_state import State
from infra_grader.capabilities.service import Ready, tail
from infra_grader.checks.docker._health import await_healthy, judge_health
from infra_grader.checks.docker._request import COMMON_PORTS, ContainerParams, by_hand, request_of
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Measure,
    Meta,
    Outcome,
    check,
)
from infra_grader.reading.live_container import provide

Status = Annotated[int, Meta(ge=100, le=599)]
UrlPath = Annotated[str, Meta(min_length=1)]


class Run(ContainerParams):
    """What runs in a container, and when it counts as running."""

    any_port: Annotated[bool, Meta(description="Whether it may answer on another port that services usually have.")] = (
        False
    )
    ready: Annotated[
        list[UrlPath],
        Meta(description="Paths that are asked until one is answered; none for a container that serves no HTTP."),
    ] = msgspec.field(default_factory=lambda: ["/health", "/"])
    ready_status: Annotated[
        list[Status], Meta(description="Statuses that count as an answer; without any, every status does.")
    ] = msgspec.field(default_factory=list)
    seconds: Annotated[float, Meta(gt=0, le=240, description="Time until it answers, or ends where it shall end.")] = (
        30.0
    )
    stays_s: Annotated[
        float, Meta(ge=0, le=120, description="Seconds after its start at which it still runs, never started again.")
    ] = 3.0
    healthy: Annotated[
        bool, Meta(description="Whether the image's own healthcheck says healthy, and says so of the service only.")
    ] = False
    exits: (
        Annotated[
            int,
            Meta(ge=0, le=255, description="Exit status of a container that does its work and ends; nobody asks it."),
        ]
        | None
    ) = None


@check("docker.run", capabilities=("docker",), measure="s")
def run(context: Context, params: Run) -> Outcome:
    """A container of an image starts, answers and stays up.

    It runs without a way out of this machine, its ports published on the loopback alone, with limits on memory,
    processes and log. It answers over HTTP from outside within its time and still runs some seconds after its start.
    With `healthy`, the image's own healthcheck, run every second, has to say so too, and must not say so where the
    service does not run at all. With `exits`, it is a program that ends by itself. It runs on for the checks that name
    this one; it is measured in how many seconds it answered, or ended.
    """
    request = request_of(context, params)
    command = by_hand(context, params, request)
    if params.any_port:
        request = request.replace(ports=tuple(dict.fromkeys((*request.ports, *COMMON_PORTS))))
    if params.exits is not None:
        return _one_shot(context, params, request, command)
    recipe = Recipe(request=request, ready=_ready(params, request))
    context.tell("start the container")
    try:
        container, answered = begin(context.docker, recipe, context.deadline)
    except NotStarted as error:
        raise _not_started(params, command, error) from error
    with ExitStack() as undoing:
        undoing.callback(container.remove)
        evidence = _judged(context, params, recipe, container, answered, command)
        undoing.pop_all()  # it runs on for other checks

    def start_again(deadline: Deadline) -> tuple[RunningContainer, int]:
        again, said = begin(context.docker, recipe, deadline)
        return again, said.port

    service = ContainerService(container, answered.port, command, start_again, recipe)
    where = f"answers on port {answered.port}" if params.ready else "runs"
    outcome = Outcome.passed(
        f"The container {where} {answered.seconds:.1f} s after its start and stays up.",
        *evidence,
        measure=Measure(value=round(answered.seconds, 2), unit="s", threshold=params.seconds),
    )
    return outcome.replace(provides=provide(context, _key(container), service))


def _ready(params: Run, request: ContainerRequest) -> Ready:
    if params.network == "none":  # which leaves no way to ask it
        return Ready(paths=(), ports=(), seconds=params.seconds)
    return Ready(
        paths=tuple(params.ready),
        statuses=tuple(params.ready_status),
        ports=request.ports if params.ready or params.ports else (),
        seconds=params.seconds,
    )


def _judged(
    context: Context,
    params: Run,
    recipe: Recipe,
    container: RunningContainer,
    answered: Answered,
    command: str,
) -> list[Evidence]:
    """Return the evidence of a container that answers and stays. Raises `CheckFailed` for one that does not stay."""
    since = container.state()
    evidence = [
        Evidence(
            kind=EvidenceKind.COMMAND,
            path=command,
            expected=f"an answer within {params.seconds:g} s" if params.ready else "a container that runs",
            actual=answered.said,
        )
    ]
    if params.healthy:
        state = await_healthy(container, params.seconds - answered.seconds, context.deadline)
        if state.is_running:
            evidence.append(judge_health(context, recipe.request, state, command))
    last = stays(container, since, params.stays_s - answered.seconds, context.deadline)
    if not last.is_running or last.started != since.started:
        how = last.how if not last.is_running else "it was started again"
        raise CheckFailed(f"The container does not stay up: {how}.", _ended(command, last, container))
    return evidence


def _one_shot(context: Context, params: Run, request: ContainerRequest, command: str) -> Outcome:
    context.tell("run the container to its end")
    try:
        container = start(context.docker, request.replace(ports=()), context.deadline)
    except NotStartable as error:
        raise _not_started(params, command, NotStarted(f"Docker cannot start it: {error}", "")) from error
    state = container.await_end(Deadline(min(params.seconds, context.deadline.remaining())))
    if state.is_running:
        context.deadline.check()
    seconds = container.seconds if state.is_running else state.seconds
    evidence = Evidence(
        kind=EvidenceKind.COMMAND,
        path=command,
        expected=f"an end with exit status {params.exits} within {params.seconds:g} s",
        actual="it still runs" if state.is_running else state.how,
        text=tail(container.output) or "nothing was printed",
    )
    is_right = not state.is_running and state.exit_status == params.exits and not state.is_out_of_memory
    how = f"still runs after {params.seconds:g} s" if state.is_running else f"has ended: {state.how}"

    def start_again(_deadline: Deadline) -> tuple[RunningContainer, int]:
        raise NotStarted("it is a program that ends by itself", container.output)

    service = ContainerService(container, 0, command, start_again, Recipe(request=request))
    if not is_right:
        raise CheckFailed(f"The container {how}.", evidence)
    measure = Measure(value=round(seconds, 2), unit="s", threshold=params.seconds)
    outcome = Outcome.passed(f"The container {how}.", evidence, measure=measure)
    return outcome.replace(provides=provide(context, _key(container), service))


def _not_started(params: Run, command: str, error: NotStarted) -> CheckFailed:
    """Return the failure for a container that does not answer; one that calls itself healthy is told so."""
    evidence = Evidence(
        kind=EvidenceKind.COMMAND,
        path=command,
        expected=f"an answer within {params.seconds:g} s" if params.ready else "a container that runs",
        actual=error.reason,
        text=tail(error.output) or "nothing was printed",
    )
    return CheckFailed(f"The container does not start as it should: {error.reason}.", evidence)


def _ended(command: str, state: State, container: RunningContainer) -> Evidence:
    return Evidence(
        kind=EvidenceKind.COMMAND,
        path=command,
        expected="a container that runs on",
        actual=state.how,
        text=tail(container.output) or "nothing was printed",
    )


def _key(container: RunningContainer) -> str:
    return hashlib.sha256(container.key.encode()).hexdigest()[:16]
