"""The compose.running check kind."""

from __future__ import annotations

import time

import msgspec

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.service import Ready
from infra_grader.checks.compose._live import by_hand, point_to
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Handle,
    Measure,
    Meta,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.compose_live import Prepared, project_of
from infra_grader.reading.compose_member import MemberService, await_port, find_service, running_member
from infra_grader.reading.compose_rewrite import tcp_ports
from infra_grader.reading.live_container import provide

Port = Annotated[int, Meta(ge=1, le=65_535)]
Status = Annotated[int, Meta(ge=100, le=599)]
UrlPath = Annotated[str, Meta(min_length=1)]


class Running(Params):
    """Which service of a project, and how it is asked."""

    project: Annotated[Handle, Meta(description="Id of the check that starts the project.")]
    service: Annotated[
        tuple[str, ...],
        Meta(description="Globs of images or names by which it is found; `build` is any service that is built here."),
    ] = ()
    ports: Annotated[
        tuple[Port, ...],
        Meta(description="Ports inside of the container that it may be asked at; any that the file publishes if none."),
    ] = ()
    published: Annotated[
        bool, Meta(description="Whether the file must publish the port; where not, it is asked at one it only exposes.")
    ] = True
    ready: Annotated[
        tuple[UrlPath, ...],
        Meta(description="Paths that are asked until one is answered; without any, taking connections is enough."),
    ] = ()
    ready_status: Annotated[
        tuple[Status, ...], Meta(description="Statuses that count as an answer; without any, every status does.")
    ] = ()
    seconds: Annotated[float, Meta(gt=0, le=240, description="Time until it answers.")] = 30.0

    def __post_init__(self) -> None:
        """Refuse to look for nothing."""
        if not self.service and not self.ports:
            raise ValueError("`service` or `ports` says which service it is")


@check("compose.running", capabilities=("docker", "command"), measure="s")
def running(context: Context, params: Running) -> Outcome:
    """A service of a project that is up answers from outside of its container.

    Checks that ask a service or look at a container take it by the id of this one. It is found by its name, its
    image, its build or its port; the port is one that the compose file publishes, mapped to a free one here. A
    service without ports is only taken as a container.
    """
    prepared = project_of(context, params.project)
    name = find_service(prepared, params.service, params.ports)
    with prepared.project.turn(context.deadline):
        member = running_member(prepared, name)
        container = prepared.project.container(member)
        ports = _ports(prepared, name, params, tuple(member.ports))
        ready = Ready(
            paths=params.ready,
            statuses=params.ready_status,
            ports=ports,
            any_port=False,
            seconds=params.seconds,
        )
        began = time.monotonic()
        try:
            port = await_port(container, ready, context.deadline) if ports else 0
        except NotStarted as error:
            raise CheckFailed(
                f"{name} does not answer: {error.reason}.",
                point_to(prepared, name, f"an answer within {params.seconds:g} s", error.reason, member),
                by_hand(prepared, "no answer"),
            ) from error
        seconds = round(time.monotonic() - began, 2)
    service = MemberService(prepared, name, container, port, ready)
    facts = msgspec.json.encode((prepared.project.name, name, port, ready)).decode()
    answer = f"answers on port {port} of its container" if port else "runs; it has no port"
    outcome = Outcome.passed(
        f"{name} {answer}.",
        point_to(prepared, name, f"an answer within {params.seconds:g} s", answer),
        by_hand(prepared, answer),
        measure=Measure(value=seconds, unit="s", threshold=params.seconds),
    )
    return outcome.replace(provides=provide(context, facts, service))


def _ports(prepared: Prepared, name: str, params: Running, mapped: tuple[int, ...]) -> tuple[int, ...]:
    """Return the ports inside at which a service may be asked. Raises `CheckFailed` if it has none of those wanted."""
    named = tcp_ports(prepared.model["services"][name])
    there = [port for port, is_published in named.items() if is_published or not params.published]
    if not params.published:
        there = list(dict.fromkeys((*there, *mapped)))
    wanted = [port for port in params.ports or there if port in there]
    if params.ports and not wanted:
        verb = "publishes" if params.published else "names"
        asked = " or ".join(map(str, params.ports))
        actual = ", ".join(map(str, there)) or "none"
        raise CheckFailed(
            f"{name} {verb} no port {asked}; it {verb} {actual}.",
            point_to(prepared, name, f"port {asked} {'published' if params.published else 'named'}", actual),
        )
    return tuple(port for port in wanted if port in mapped)
