"""A service of a started project, asked by other kinds as a container, and as a service at one of its ports."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.compose_project import Member, NotUp
from infra_grader.capabilities.container_service import (
    ContainerRunning,
    ContainerService,
    await_answer,
    takes_connections,
    why_unanswered,
)
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.service import Ready
from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.reading.compose_choice import fills
from infra_grader.reading.compose_live import Prepared
from infra_grader.reading.compose_rewrite import tcp_ports

POLL_S = 0.1


class MemberService(ContainerService):
    """A service of a project; see `ContainerService`. Taking its turn keeps the whole project."""

    def __init__(self, prepared: Prepared, name: str, container: RunningContainer, port: int, ready: Ready) -> None:
        super().__init__(container, port, prepared.command, self._again)
        self._prepared = prepared
        self._name = name
        self._ready = ready

    @contextmanager
    def turn(self, deadline: Deadline, *, fresh: bool = False) -> Iterator[ContainerRunning]:
        """Yield the service for one check alone; see `ContainerService.turn`."""
        with self._prepared.project.turn(deadline), super().turn(deadline, fresh=fresh) as running:
            yield running

    def _again(self, deadline: Deadline) -> tuple[RunningContainer, int]:
        """Start the service anew where it is the old container, and wait until it answers."""
        project = self._prepared.project
        member = find_member(self._prepared, self._name)
        if member is None:
            try:
                project.up(deadline)
            except NotUp as error:
                raise NotStarted("compose does not start it again", str(error)) from error
            member = find_member(self._prepared, self._name)
        if member is None:
            raise NotStarted("it has no container any more", "")
        container = project.container(member)
        if member.id == self.container.key:
            container.restart(deadline)
        return container, await_port(container, self._ready, deadline) if self.port else 0


def find_member(prepared: Prepared, name: str) -> Member | None:
    """Return the container of a service, the first where it has several; one that runs, if there is any."""
    own = [member for member in prepared.project.members() if member.service == name]
    return next((member for member in own if member.state.is_running), own[0] if own else None)


def running_member(prepared: Prepared, name: str) -> Member:
    """Return the container of a service that runs. Raises `CheckFailed` if none does."""
    member = find_member(prepared, name)
    if member is None or not member.state.is_running:
        how = "it has no container" if member is None else member.state.how
        service = prepared.compose.services.get(name)
        raise CheckFailed(
            f"{name} does not run: {how}.",
            Evidence(
                path=prepared.compose.path,
                line=service.line if service else None,
                expected=f"{name} runs",
                actual=how,
                text=prepared.project.log(member)[-1500:] or None if member else None,
            ),
        )
    return member


def find_service(prepared: Prepared, globs: Sequence[str], ports: Sequence[int] = ()) -> str:
    """Return the service that is called so, the one with such a port where there are several.

    Raises `CheckFailed` if there is none.
    """
    services = prepared.model["services"]
    found = [name for name in services if not globs or fills(name, services[name], globs)]
    if not globs:
        found = [name for name in found if set(ports) & set(tcp_ports(services[name]))]
    if not found:
        wanted = " or ".join([*globs, *([] if globs else map(str, ports))])
        raise CheckFailed(
            f"{prepared.compose.path} starts no service {wanted}.",
            Evidence(path=prepared.compose.path, expected=wanted, actual=", ".join(services)[:300]),
        )
    fitting = [str(name) for name in found if set(ports) & set(tcp_ports(services[name]))]
    return [*fitting, *map(str, found)][0]


def await_port(container: RunningContainer, ready: Ready, deadline: Deadline) -> int:
    """Return the port that answers first: to HTTP where paths are named, else by taking connections.

    Raises `NotStarted` if none does in time.
    """
    if ready.paths:
        return await_answer(container, ready, deadline).port
    until = Deadline(min(ready.seconds, deadline.remaining()))
    while True:
        deadline.check()
        if port := next((port for port in ready.ports if takes_connections(container, port)), 0):
            return port
        state = container.state()
        if not state.is_running:
            raise NotStarted(f"it has ended: {state.how}", container.output)
        if not until.remaining():
            reason = why_unanswered(container, ready.ports, "", ready.seconds, deadline)
            raise NotStarted(reason, container.output)
        time.sleep(POLL_S)
