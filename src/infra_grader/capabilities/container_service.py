"""A service in a container, asked by checks one after another through its published port."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

from infra_grader.capabilities import _reference_service, tcp_tunnel
from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_container import ContainerRequest, NotStartable, start
from infra_grader.capabilities.docker_listening import why_silent
from infra_grader.capabilities.docker_running import LOOPBACK, RunningContainer
from infra_grader.capabilities.docker_state import State
from infra_grader.capabilities.http import LOCAL, prepare
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.capabilities.service import FIRST_ANSWER_S, Ready, first_answer
from infra_grader.capabilities.tcp_tunnel import TcpTunnel
from infra_grader.capabilities.tunnel import Connect, TunnelError, TunnelTimeout
from infra_grader.capabilities.turns import taking_turns
from infra_grader.model.record import Record

POLL_S = 0.05
TELL_S = 5.0
END_S = 1.0
SILENT_S = 0.05
"""How long a connection must hold to count: Docker's proxy breaks one off where nobody listens inside."""
LEAVE_S = 2.0


class Recipe(Record):
    """How a container is started, and when it counts as started."""

    request: ContainerRequest
    ready: Ready = Ready()
    """Without paths, it counts as started once it takes connections at one of the ports that are named here, if any."""


class Answered(Record):
    """The first answer of a service in a container."""

    port: int
    """The port inside; 0 where none was asked."""
    said: str
    """What was answered, in words."""
    seconds: float
    """From the start of the container to this answer."""


class ContainerRunning:
    """A service in a container that runs; see `RunningService`."""

    name: str = LOCAL
    is_claimed: bool = False

    def __init__(self, container: RunningContainer, port: int) -> None:
        self.container = container
        self.port = port

    @property
    def output(self) -> str:
        """The end of what the container printed."""
        return self.container.output

    def connect(self, port: int, deadline: Deadline) -> TcpTunnel:
        """Return a connection to a port of it; see `RunningService`."""
        return self.container.connect(port, deadline)

    def find_end(self) -> str:
        """Return how it ended, as a clause, or nothing if it still takes connections."""
        state = self.container.state()
        if state.is_running and (not self.port or takes_connections(self.container, self.port)):
            return ""
        state = self.container.await_end(Deadline(END_S))  # which Docker tells a moment later
        return why_silent(self.container.listeners(Deadline(TELL_S)), self.port) if state.is_running else state.how


class ContainerService:
    """A service in a container; see `AskedService`. The container is there also where the service answers nothing."""

    def __init__(
        self,
        container: RunningContainer,
        port: int,
        command: str,
        start_again: Callable[[Deadline], tuple[RunningContainer, int]],
        recipe: Recipe | None = None,
    ) -> None:
        """`start_again` starts one like it and waits until it answers; it may raise `NotStarted`."""
        self.command = command
        """What starts it by hand."""
        self.recipe = recipe
        """How it was started; `None` for a container that is not ours alone, such as one of a project."""
        self.running = ContainerRunning(container, port)
        self._start_again = start_again
        self._turn = threading.Lock()
        self._is_spoiled = False

    @property
    def container(self) -> RunningContainer:
        """The container of this moment."""
        return self.running.container

    @property
    def port(self) -> int:
        """The port inside at which it is asked; 0 if it has none."""
        return self.running.port

    @contextmanager
    def turn(self, deadline: Deadline, *, fresh: bool = False) -> Iterator[ContainerRunning]:
        """Yield the service for one check alone; see `AskedService`."""
        with taking_turns(self._turn, deadline, "container"):
            if fresh or self._is_spoiled or self.running.find_end():
                self._renew(deadline)
            yield self.running

    @contextmanager
    def apart(self, deadline: Deadline) -> Iterator[RunningContainer]:
        """Yield a container that one check may do with as it likes, such as end it. Raises as `turn` does.

        It is another one like this, or, where there can be only one of it, this one, which is started again then.
        """
        if self.recipe is None:
            with self.turn(deadline) as running:
                self.spoil()
                yield running.container
            return
        container, _ = self._start_again(deadline)
        try:
            yield container
        finally:
            container.remove()

    def spoil(self) -> None:
        """Say that the next check needs another container: something was left in this one, or done to it."""
        self._is_spoiled = True

    def undisturbed(self, _deadline: Deadline) -> AbstractContextManager[None]:
        """Return a block as others have it who share what their services run on; see `AskedService`."""
        return nullcontext()

    @contextmanager
    def idle(self, deadline: Deadline) -> Iterator[tuple[Connect, int]]:
        """Yield the way to a service of ours that does nothing, on this machine's loopback like a published port."""
        with socket.create_server((LOOPBACK, 0), backlog=512) as listening:
            number = listening.fileno()
            process = subprocess.Popen(
                [sys.executable, "-I", "-B", Path(_reference_service.__file__), str(number)],
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                deadline.check()
                yield lambda port, until: tcp_tunnel.connect(LOOPBACK, port, until), listening.getsockname()[1]
            finally:
                process.kill()
                process.wait(LEAVE_S)

    def _renew(self, deadline: Deadline) -> None:
        old = self.container
        if self.recipe is not None:
            old.remove()
        self.running = ContainerRunning(*self._start_again(deadline))
        self._is_spoiled = False


def begin(docker: LiveDocker, recipe: Recipe, deadline: Deadline) -> tuple[RunningContainer, Answered]:
    """Start a container and wait until it counts as started. Raises `NotStarted` if it does not; it is removed then."""
    if recipe.ready.paths:
        prepare()
    try:
        container = start(docker, recipe.request, deadline)
    except NotStartable as error:
        raise NotStarted(f"Docker cannot start it: {error}", "") from error
    wait = await_answer if recipe.ready.paths else _await_connection
    with ExitStack() as undoing:
        undoing.callback(container.remove)
        answered = wait(container, recipe.ready, deadline)
        undoing.pop_all()
    return container, answered


def await_answer(container: RunningContainer, ready: Ready, deadline: Deadline) -> Answered:
    """Wait until one of the published ports answers. Raises `NotStarted` if none does, and says why not.

    The ports are those of `ready`, then all others that are published if any port will do.
    """
    began = time.monotonic()
    ports = _ports(container, ready)
    last = ""
    while time.monotonic() - began < ready.seconds:
        deadline.check()
        state = container.state()
        if not state.is_running:
            raise NotStarted(f"it has ended: {state.how}", container.output)
        for port in ports:
            left = ready.seconds - (time.monotonic() - began)
            seconds = min(left, FIRST_ANSWER_S, deadline.remaining())
            found, last = first_answer(container.connect, port, ready, seconds, last)
            if found:
                return Answered(port=port, said=found, seconds=container.seconds + time.monotonic() - began)
        time.sleep(POLL_S)
    lie = ", though its own healthcheck says healthy" if container.state().health == "healthy" else ""
    reason = why_unanswered(container, ports, last, ready.seconds, deadline)
    raise NotStarted(f"{reason}{lie}", container.output)


def why_unanswered(
    container: RunningContainer, ports: tuple[int, ...], last: str, seconds: float, deadline: Deadline
) -> str:
    """Return why none of the published ports answered within this time, as a clause."""
    if not ports:
        return "no port of it is published"
    found = container.listeners(deadline)
    silent = [port for port in ports if not any(one.port == port and one.is_reachable for one in found or ())]
    if found is not None and len(silent) < len(ports):
        return last or f"no answer within {seconds:g} s"
    bound = next((one.port for one in found or () if one.port in ports), ports[0])
    return f"no answer within {seconds:g} s: {why_silent(found, bound)}"


def takes_connections(container: RunningContainer, port: int) -> bool:
    """Whether something listens at a published port of a container."""
    deadline = Deadline(TELL_S)
    try:
        tunnel = container.connect(port, deadline)
    except TunnelError:
        return False
    try:
        return bool(tunnel.read(1, Deadline(SILENT_S)))
    except TunnelTimeout:  # it waits for what we say
        return True
    except TunnelError:
        return False
    finally:
        tunnel.close()


def stays(container: RunningContainer, since: State, seconds: float, deadline: Deadline) -> State:
    """Return the state of a container after some seconds; sooner, if it has ended or was started again."""
    until = Deadline(min(seconds, deadline.remaining()))
    while True:
        state = container.state()
        if not state.is_running or state.started != since.started or not until.remaining():
            return state
        time.sleep(min(POLL_S, until.remaining()))


def _await_connection(container: RunningContainer, ready: Ready, deadline: Deadline) -> Answered:
    """Wait until one of the ports that are named takes connections, at once if none is."""
    began = time.monotonic()
    while time.monotonic() - began < ready.seconds:
        deadline.check()
        for port in ready.ports:
            if takes_connections(container, port):
                seconds = container.seconds + time.monotonic() - began
                return Answered(port=port, said=f"port {port} takes connections", seconds=seconds)
        state = container.state()
        if not ready.ports:
            return Answered(port=0, said="it was started", seconds=container.seconds)
        if not state.is_running:
            raise NotStarted(f"it has ended: {state.how}", container.output)
        time.sleep(POLL_S)
    raise NotStarted(why_unanswered(container, ready.ports, "", ready.seconds, deadline), container.output)


def _ports(container: RunningContainer, ready: Ready) -> tuple[int, ...]:
    others = container.published if ready.any_port else {}
    return tuple(dict.fromkeys((*ready.ports, *others)))
