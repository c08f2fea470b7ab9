"""Connections to a service in a sandbox that has no network: they enter through a worker of ours inside.

The worker speaks frames over its standard input and output, the same in every sandbox. It shares a user with the
learner's code, so all that comes from it is held to limits here, and may be a lie of the service's: times are taken
outside, and what does not fit ends the connection or the relay, never the grader.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import msgspec

from infra_grader.capabilities import _relay_worker as wire
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.sandbox import Job, NoReply, Sandbox
from infra_grader.capabilities.tunnel import TunnelError, TunnelTimeout
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

LOOK_S = 0.5
"""How often the reader looks whether it is still wanted."""
LEAVE_S = 3.0
SEND_S = 5.0
"""How long the worker may take to take a frame; it always reads, so that one which does not is none of ours."""
MAX_REPLY = 262_144


class Told(Record):
    """What the worker says of the service; a claim."""

    exit_status: int | None
    """How it ended; `None` while it runs."""
    output: str
    """The beginning and the end of what it printed."""
    ports: list[int] | None
    """Where something listens; `None` where only Linux could tell."""


class Relay:
    """A sandbox with a worker of ours in it. Safe to use from several threads at once; `close` it in the end."""

    def __init__(self, sandbox: Sandbox, job: Job, deadline: Deadline) -> None:
        """Start the worker in the sandbox; `job` gives everything but the program. Raises as `Sandbox.attach` does."""
        source = Path(wire.__file__).read_text(encoding="utf-8")
        with ExitStack() as stack:
            arguments = (sandbox.python, "-I", "-B", "-c", source)
            self._channel = stack.enter_context(sandbox.attach(job.replace(arguments=arguments), deadline))
            self._closing = stack.pop_all()
        self._sending = threading.Lock()
        self._numbers = itertools.count(1)
        self._tunnels: dict[int, RelayTunnel] = {}
        self._questions: dict[int, _Question] = {}
        self._is_leaving = False
        self.ended = ""
        """Why nothing can be asked any more, as a clause, or nothing."""
        self._open_reason: NotAssessed | None = None
        self._reader = threading.Thread(target=self._read, name="relay", daemon=True)
        self._reader.start()

    def start(
        self,
        arguments: tuple[str, ...],
        folder: str,
        variables: Mapping[str, str],
        programs: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Start the service; `programs` are names that stand for programs where the path has none of them.

        In arguments and variables `{root}` stands for the place of the submission's copy.
        """
        what = {"arguments": arguments, "folder": folder, "variables": dict(variables), "programs": dict(programs)}
        self.send(wire.START, 0, json.dumps(what).encode())

    def tell(self, deadline: Deadline) -> Told:
        """Return how the service is. Raises `TunnelError` if the worker does not tell in time."""
        number = next(self._numbers)
        question = self._questions[number] = _Question()
        try:
            self.send(wire.TELL, number)
            if not question.came.wait(deadline.remaining()):
                raise TunnelTimeout("the relay does not answer")
        finally:
            self._questions.pop(number, None)
        self._check()
        try:
            return msgspec.json.decode(question.content, type=Told)
        except (msgspec.DecodeError, RecursionError) as error:
            raise TunnelError("the relay says something else than what was asked") from error

    def connect(self, port: int, deadline: Deadline) -> RelayTunnel:
        """Return a connection to a port of the service. Raises `TunnelError` if it is refused."""
        tunnel = RelayTunnel(self, next(self._numbers))
        self._tunnels[tunnel.number] = tunnel
        try:
            self.send(wire.OPEN, tunnel.number, str(port).encode())
            tunnel.wait_until_open(deadline)
        except TunnelError:
            tunnel.close()
            raise
        return tunnel

    def send(self, kind: bytes, number: int, content: bytes = b"") -> None:
        """Say something to the worker. Raises `TunnelError` when it has ended, or takes nothing."""
        self._check()
        try:
            with self._sending:
                self._channel.send(wire.HEADER.pack(kind, number, len(content)) + content, Deadline(SEND_S))
        except NoReply as error:
            self._end(error.reason)
            raise TunnelError(self.ended) from error
        except Overrun:  # half a frame may have gone, so that nothing else can follow it
            self._end("a relay that takes nothing any more")
            raise TunnelError(self.ended) from None

    def forget(self, number: int) -> None:
        """Drop what still comes for a tunnel."""
        self._tunnels.pop(number, None)

    def close(self) -> None:
        """End the worker and all that it started. The reader has ended before the pipes are closed."""
        if self._is_leaving:
            return
        self._is_leaving = True
        self._end("the end of the check")
        self._closing.callback(self._reader.join, LEAVE_S)
        try:  # so that it takes the service along, and the reader sees the end at once
            self._channel.send(wire.HEADER.pack(wire.LEAVE, 0, 0), Deadline(LOOK_S))
        except (NoReply, NotAssessed, Overrun):
            pass
        self._closing.close()

    def _check(self) -> None:
        if self._open_reason is not None:
            raise self._open_reason
        if self.ended:
            raise TunnelError(self.ended)

    def _end(self, reason: str) -> None:
        self.ended = self.ended or reason
        for tunnel in list(self._tunnels.values()):
            tunnel.break_off(self.ended)
        for question in list(self._questions.values()):
            question.answer(b"")

    def _read(self) -> None:
        unread = bytearray()
        while not self._is_leaving:
            try:
                unread += self._channel.receive(Deadline(LOOK_S))
                self._take(unread)
            except Overrun:
                continue
            except NoReply as error:
                return self._end(error.reason)
            except NotAssessed as verdict:
                self._open_reason = verdict
                return self._end(verdict.reason)
            except _Forged:
                return self._end("frames that are none of ours")
        return None

    def _take(self, unread: bytearray) -> None:
        """Hand out the frames that are complete. Raises `_Forged` for what the worker never sends."""
        while len(unread) >= wire.HEADER.size:
            kind, number, length = wire.HEADER.unpack_from(unread)
            if length > (MAX_REPLY if kind == wire.TOLD else wire.BLOCK):
                raise _Forged
            end = wire.HEADER.size + length
            if len(unread) < end:
                return
            content = bytes(unread[wire.HEADER.size : end])
            del unread[:end]
            if kind == wire.TOLD:
                if question := self._questions.get(number):
                    question.answer(content)
            elif tunnel := self._tunnels.get(number):
                tunnel.take(kind, content)


class _Forged(Exception):
    """Bytes that are no frames of ours."""


class _Question:
    def __init__(self) -> None:
        self.came = threading.Event()
        self.content = b""

    def answer(self, content: bytes) -> None:
        self.content = content
        self.came.set()


class RelayTunnel:
    """A connection through a relay; see `Tunnel`. One thread uses it at a time."""

    def __init__(self, relay: Relay, number: int) -> None:
        self.number = number
        self._relay = relay
        self._changed = threading.Condition()
        self._is_open = False
        self._received = bytearray()
        self._credit = wire.CREDIT
        self._is_ended = False
        self._problem = ""

    def wait_until_open(self, deadline: Deadline) -> None:
        """Wait until the service has taken the connection. Raises `TunnelError` if it does not."""
        self._wait(lambda: self._is_open, deadline)

    @property
    def has_more(self) -> bool:
        """Whether a read would return at once: something came, or the end."""
        return bool(self._received) or self._is_ended or bool(self._problem)

    def read(self, most: int, deadline: Deadline) -> bytes:
        """Return what comes next; nothing at the end. Raises `TunnelError`."""
        self._wait(lambda: bool(self._received) or self._is_ended, deadline, reads=True)
        with self._changed:
            block = bytes(self._received[:most])
            del self._received[:most]
        if block and not self._is_ended and not self._problem:
            self._relay.send(wire.WINDOW, self.number, wire.NUMBER.pack(len(block)))
        return block

    def write(self, content: bytes, deadline: Deadline) -> None:
        """Say all of it. Raises `TunnelError`."""
        left = memoryview(content)
        while left:
            self._wait(lambda: self._credit > 0, deadline)
            with self._changed:
                size = min(len(left), self._credit, wire.BLOCK)
                self._credit -= size
            self._relay.send(wire.DATA, self.number, bytes(left[:size]))
            left = left[size:]

    def end(self) -> None:
        """Say that nothing more comes; what the service says can still be read."""
        self._relay.send(wire.END, self.number)

    def close(self) -> None:
        """Break off. Nothing is raised where that is over already."""
        self._relay.forget(self.number)
        if not self._relay.ended:
            try:
                self._relay.send(wire.CLOSE, self.number)
            except (TunnelError, NotAssessed):
                pass

    def take(self, kind: bytes, content: bytes) -> None:
        """Take a frame from the worker."""
        with self._changed:
            if kind == wire.OPEN:
                self._is_open = True
            elif kind == wire.DATA:
                self._received += content
                if len(self._received) > wire.CREDIT:
                    self._problem = "more than was asked for"
            elif kind == wire.END:
                self._is_ended = True
            elif kind == wire.WINDOW and len(content) == wire.NUMBER.size:
                self._credit = min(wire.CREDIT, self._credit + wire.NUMBER.unpack(content)[0])
            elif kind == wire.REFUSED:
                self._problem = f"the connection is refused: {content[:100].decode('utf-8', 'replace')}"
            else:
                self._problem = self._problem or "the connection was broken off"
            self._changed.notify_all()

    def break_off(self, reason: str) -> None:
        """Say that nothing more will come."""
        with self._changed:
            self._problem = self._problem or reason
            self._changed.notify_all()

    def _wait(self, is_ready: Callable[[], bool], deadline: Deadline, *, reads: bool = False) -> None:
        with self._changed:
            self._changed.wait_for(lambda: is_ready() or bool(self._problem), deadline.remaining())
            if reads and self._received:  # said before it was broken off
                return
            if self._problem:
                raise TunnelError(self._problem)
            if not is_ready():
                raise TunnelTimeout("nothing came in time")
