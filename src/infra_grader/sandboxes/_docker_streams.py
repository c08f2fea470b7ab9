"""What a container's program is given and prints, over the one connection that the daemon hands over for both."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import START, answering, listens
from infra_grader.capabilities.sandbox import Limit, NoReply, how_ended
from infra_grader.model.outcome import NotAssessed
from infra_grader.sandboxes._docker_group import ContainerGroup
from infra_grader.sandboxes._process import BLOCK, WATCH_S, Printed, Watch

HEADER_BYTES = 8
STDOUT, STDERR = 1, 2
SETTLE_S = 0.01
"""Between two looks at a container whose streams have ended: the daemon notes its end a little later."""
KILLED = (137, 143)
SIGKILLED = 137
CLOSED_S = 1.0


class Frames:
    """Takes the daemon's frames apart as they come: eight bytes that say which stream and how much, then that much."""

    def __init__(self) -> None:
        self._header = b""
        self._stream = 0
        self._left = 0

    def take(self, block: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the content in a block with the number of its stream; what is cut off goes on in the next block."""
        while block:
            if not self._left:
                missing = HEADER_BYTES - len(self._header)
                self._header, block = self._header + block[:missing], block[missing:]
                if len(self._header) < HEADER_BYTES:
                    return
                self._stream, self._left = self._header[0], int.from_bytes(self._header[4:])
                self._header = b""
            content, block = block[: self._left], block[self._left :]
            self._left -= len(content)
            if content:
                yield self._stream, content


class Container(NamedTuple):
    """A container of ours that was started, with its streams."""

    api: Any
    socket: str
    """Where its daemon listens."""
    id: str
    connection: socket.socket
    group: ContainerGroup

    def state(self) -> dict[str, Any]:
        """Return what the daemon says of it.

        Raises `NotAssessed` if the program was ended neither by itself nor by us: it is nobody's failure.
        """
        if not listens(self.socket):  # though it may still answer on connections that it has
            raise NotAssessed("The Docker daemon does not answer any more.", START)
        with answering():
            found: dict[str, Any] = self.api.inspect_container(self.id)["State"]
            if not found["Running"] and found["ExitCode"] in KILLED and not found["OOMKilled"] and self._was_stopped():
                raise NotAssessed("The container was stopped from outside.", START)
        return found

    def _was_stopped(self) -> bool:
        """Whether the daemon ended it: since somebody wished so, or since the daemon itself was to end."""
        filters = {"container": self.id, "event": "kill"}
        return bool(list(self.api.events(since="0", until=f"{time.time():.6f}", filters=filters)))

    def kill(self) -> None:
        """End its program with all that it started, if it still runs."""
        import docker.errors

        # First: the daemon waits for somebody to read what is still to come, before it lets the container end.
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        with answering():
            try:
                self.api.kill(self.id)
            except docker.errors.APIError as error:
                if error.status_code != 409:  # it has ended by itself
                    raise


class ContainerProgram:
    """The program of a container as a `Program`."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._is_open = True
        self._state: dict[str, Any] | None = None

    def listen(self, selector: selectors.BaseSelector, printed: Printed, stdin: bytes) -> None:
        """Register its connection; see `Program`."""
        connection, frames = self._container.connection, Frames()
        kept = {STDOUT: printed.stdout, STDERR: printed.stderr}
        left = memoryview(stdin)

        def move(selector: selectors.BaseSelector, _descriptor: int) -> None:
            nonlocal left
            if left:
                try:
                    left = left[_sent(connection, left) :]
                except (BrokenPipeError, ConnectionResetError):  # it has read enough
                    left = left[:0]
                if not left:
                    _end_input(connection)
                    selector.modify(connection, selectors.EVENT_READ, move)
            block = _received(connection)
            for stream, content in frames.take(block or b""):
                kept[stream].extend(content)
            if block == b"":
                self._is_open = False
                selector.unregister(connection)

        connection.setblocking(False)
        if not left:
            _end_input(connection)
        selector.register(connection, selectors.EVENT_READ | (selectors.EVENT_WRITE if left else 0), move)

    def has_ended(self, wait: float) -> bool:
        """Whether it has ended, which its streams tell first; see `Program`."""
        self._container.group.look()
        if self._is_open:
            return False
        until = time.monotonic() + wait
        while self._state is None:
            state = self._container.state()
            if not state["Running"]:
                self._state = state
            elif time.monotonic() > until:
                return False
            else:
                time.sleep(SETTLE_S)
        return True

    def kill(self) -> int:
        """End it with all that it started; see `Program`."""
        if self._state is None:
            self._container.kill()
            return SIGKILLED
        return int(self._state["ExitCode"])


class ContainerChannel:
    """The streams of a container whose program lives on; see `Channel`."""

    def __init__(self, container: Container, watch: Watch) -> None:
        self._container = container
        self._watch = watch
        self._frames = Frames()
        container.connection.setblocking(False)

    def send(self, content: bytes, deadline: Deadline) -> None:
        """Send all of it; see `Channel`."""
        left = memoryview(content)
        while left:
            self._wait(selectors.EVENT_WRITE, deadline)
            try:
                left = left[_sent(self._container.connection, left) :]
            except (BrokenPipeError, ConnectionResetError) as error:
                raise self._ended() from error

    def receive(self, deadline: Deadline) -> bytes:
        """Return what comes next; see `Channel`."""
        while True:
            self._wait(selectors.EVENT_READ, deadline)
            block = _received(self._container.connection)
            if block == b"":
                raise self._ended()
            if content := b"".join(content for _, content in self._frames.take(block or b"")):
                return content

    def end(self, reason: str, limit: Limit | None = None) -> NoReply:
        """End the program and return why, as what is to be raised."""
        self._container.kill()
        return NoReply(reason, limit)

    def _wait(self, event: int, deadline: Deadline) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._container.connection, event)
            while not selector.select(min(WATCH_S, deadline.remaining())):
                deadline.check()
                if (limit := self._watch(None)) in (Limit.DISK, Limit.MEMORY):
                    raise self.end(str(limit), limit)

    def _ended(self) -> NoReply:
        """Word the end of a program that should have answered."""
        until = time.monotonic() + CLOSED_S
        while (state := self._container.state())["Running"]:
            if time.monotonic() > until:
                return self.end("a closed channel")
            time.sleep(SETTLE_S)
        status = int(state["ExitCode"])
        limit = self._watch(status)
        return self.end(str(limit) if limit else f"the end of the process: {how_ended(status)}", limit)


def _sent(connection: socket.socket, content: memoryview) -> int:
    """Return how much of it could be sent at this moment."""
    try:
        return connection.send(content[:BLOCK])
    except BlockingIOError:
        return 0


def _received(connection: socket.socket) -> bytes | None:
    """Return what has come, nothing at the end, `None` if there is nothing at this moment."""
    try:
        return connection.recv(BLOCK)
    except BlockingIOError:
        return None
    except ConnectionResetError:  # the daemon has gone, which its next answer will say
        return b""


def _end_input(connection: socket.socket) -> None:
    with suppress(OSError):  # the program has ended already, and the connection with it
        connection.shutdown(socket.SHUT_WR)
