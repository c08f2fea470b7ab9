"""A container in Docker that was started, by us or by others: asked and watched, whatever happens to it.

The daemon may die between two calls, which is `Unavailable`, and the container may have vanished, which is a state of
it like others. Nothing that comes from inside is trusted: output is bounded, and every wait has a deadline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal, TypeVar

from infra_grader.capabilities import docker_exec, tcp_tunnel
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_listening import Listener, listeners
from infra_grader.capabilities.docker_state import State, read_state
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.capabilities.sandbox import Ended
from infra_grader.capabilities.tcp_tunnel import TcpTunnel
from infra_grader.capabilities.tunnel import TunnelError
from infra_grader.model.record import Record

POLL_S = 0.05
LOG_LINES = 2000
LOG_BYTES = 256 * 1024
NOT_SO = (404, 409)
"""What Docker answers where a container is not there, or not in the state for what is asked."""
ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - as Docker names where a port is published
LOOPBACK = "127.0.0.1"
Stream = Literal["all", "stdout", "stderr"]
Said = TypeVar("Said")


class Process(Record):
    """A process of a container, as the machine that runs it sees it."""

    pid: int
    """Its number on that machine."""
    uid: int
    """As whom it runs, as a number of that machine; -1 where that is no number."""
    command: str
    is_first: bool
    """Whether it is process 1 of the container, which gets the signal to stop."""


class Stopped(Record):
    """How a container ended that was asked to."""

    signal: str
    """How it was asked."""
    seconds: float
    """From then to its end, or until the time was up."""
    state: State
    """How it ended."""
    is_killed: bool
    """Whether it had to be killed, as it did not end in time."""


class RunningContainer:
    """A container that was started. Safe to use from several threads at once."""

    def __init__(self, docker: LiveDocker, key: str, seconds: float = 0.0) -> None:
        """Look at a container by its id or name."""
        self.docker = docker
        self.key = key
        """Id or name of the container."""
        self.seconds = seconds
        """How long Docker took to start it."""

    def inspect(self) -> Mapping[str, Any]:
        """Return all that Docker says of it; nothing where it has vanished."""
        return self._ask(lambda: self.docker.api.inspect_container(self.key)) or {}

    def state(self) -> State:
        """Return how it is at this moment."""
        return read_state(self.inspect())

    def log(self, stream: Stream = "all", lines: int = LOG_LINES, most: int = LOG_BYTES) -> bytes:
        """Return the end of what it printed, with an upper bound; nothing where it has vanished."""

        def read() -> bytes:
            found = bytearray()
            blocks = self.docker.api.logs(
                self.key, stdout=stream != "stderr", stderr=stream != "stdout", stream=True, follow=False, tail=lines
            )
            try:
                for block in blocks:
                    found += block
                    del found[:-most]
            finally:
                blocks.close()
            return bytes(found)

        return self._ask(read) or b""

    @property
    def output(self) -> str:
        """The end of what it printed, as text."""
        return self.log(lines=100, most=16_384).decode("utf-8", "replace")

    def processes(self) -> list[Process]:
        """Return what runs in it; nothing where it has ended."""
        first = self.state().pid
        if not first:
            return []
        found = self._ask(lambda: self.docker.api.top(self.key, ps_args="-eo pid,uid,args")) or {}
        return [
            Process(pid=int(pid), uid=int(uid) if uid.isdigit() else -1, command=command, is_first=int(pid) == first)
            for pid, uid, command in (row[:3] for row in found.get("Processes") or () if len(row) >= 3)
        ]

    def listeners(self, deadline: Deadline) -> list[Listener] | None:
        """Return where something listens inside; `None` where that cannot be told."""
        return listeners(self, deadline)

    @cached_property
    def published(self) -> Mapping[int, tuple[str, int]]:
        """Where its ports are reached from here: port inside to host and port."""
        found: dict[int, tuple[str, int]] = {}
        for name, places in ((self.inspect().get("NetworkSettings") or {}).get("Ports") or {}).items():
            inside, _, protocol = name.partition("/")
            for place in places or () if protocol == "tcp" else ():
                host = LOOPBACK if place["HostIp"] in ANYWHERE else place["HostIp"]
                found.setdefault(int(inside), (host, int(place["HostPort"])))
        return found

    def connect(self, port: int, deadline: Deadline) -> TcpTunnel:
        """Return a connection to a port inside, by the way from outside. Raises `TunnelError`."""
        place = self.published.get(port)
        if place is None:
            raise TunnelError(f"port {port} of the container is not published")
        return tcp_tunnel.connect(*place, deadline)

    def execute(
        self, arguments: tuple[str, ...], deadline: Deadline, *, seconds: float, **options: Any
    ) -> Ended | None:
        """Run a command in it; see `docker_exec.execute`. Returns `None` where the container does not run."""
        return docker_exec.execute(self.docker.api, self.key, arguments, deadline, seconds=seconds, **options)

    def await_end(self, deadline: Deadline) -> State:
        """Return its last state once it has ended, or the state when the time is up."""
        while (state := self.state()).is_running and deadline.remaining():
            time.sleep(min(POLL_S, deadline.remaining()))
        return state

    def signal(self, signal: str) -> None:
        """Send a signal to its process 1; nothing happens where it has ended."""
        self._ask(lambda: self.docker.api.kill(self.key, signal=signal))

    def stop(self, grace_s: float, deadline: Deadline) -> Stopped:
        """Ask it to end, by the signal that its image names, and kill it if it has not ended in time."""
        signal = str((self.inspect().get("Config") or {}).get("StopSignal") or "SIGTERM")
        began = time.monotonic()
        self.signal(signal)
        state = self.await_end(Deadline(min(grace_s, deadline.remaining())))
        seconds = time.monotonic() - began
        is_killed = state.is_running
        if is_killed:
            deadline.check()
            self.signal("SIGKILL")
            state = self.await_end(deadline)
        return Stopped(signal=signal, seconds=seconds, state=state, is_killed=is_killed)

    def restart(self, deadline: Deadline) -> None:
        """End it and start it again, as it is."""
        deadline.check()
        self._ask(lambda: self.docker.api.restart(self.key, timeout=1))
        self.__dict__.pop("published", None)  # Docker gives new ports

    def start(self) -> None:
        """Start it again where it was stopped."""
        self._ask(lambda: self.docker.api.start(self.key))
        self.__dict__.pop("published", None)  # Docker gives new ports

    def memory_bytes(self) -> int:
        """Return what it uses now, without what the kernel only keeps of files; 0 where that cannot be told."""
        found = self._ask(lambda: self.docker.api.stats(self.key, stream=False, one_shot=True)) or {}
        facts = found.get("memory_stats") or {}
        of = facts.get("stats") or {}
        kept = of.get("total_inactive_file") or of.get("inactive_file") or 0
        return max(0, int(facts.get("usage") or 0) - int(kept))

    def memory_events(self, since: float) -> int:
        """Return how often something in it was killed for want of memory since then, as Docker saw it."""

        def count() -> int:
            asked = {"container": self.key, "event": "oom"}
            found = self.docker.api.events(since=f"{since:.3f}", until=f"{time.time():.3f}", filters=asked, decode=True)
            try:
                return sum(1 for _event in found)
            finally:
                found.close()

        return self._ask(count) or 0

    def remove(self) -> None:
        """End it at once and take it away with its anonymous volumes."""
        self._ask(lambda: self.docker.api.remove_container(self.key, force=True, v=True))

    def _ask(self, call: Callable[[], Said]) -> Said | None:
        """Return what Docker answers; `None` where the container is not there, or not in the state for it."""
        import docker.errors

        with answering():
            try:
                return call()
            except docker.errors.APIError as error:
                if error.status_code in NOT_SO:
                    return None
                raise
