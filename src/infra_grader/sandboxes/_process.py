"""One program of a learner's, watched from outside: bounded output, time limits, the end of all that it started."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, Protocol

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.process_end import ended_within
from infra_grader.capabilities.sandbox import Job, Limit, Limits, NoReply, how_ended
from infra_grader.model.outcome import NotAssessed

POLL_S = 0.02
WATCH_S = 0.2
DRAIN_S = 1.0
BRIEFLY_S = 0.001
BLOCK = 65536

Watch = Callable[[int | None], Limit | None]
"""Tells which limit was hit, from outside; given the exit status when the program has ended, else `None`."""


class Printed:
    """What a program printed and how it ended."""

    def __init__(self) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.exit_status = 0
        self.limit: Limit | None = None


@contextmanager
def started(
    arguments: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    *,
    is_dialogue: bool = False,
    descriptors: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program with nothing of ours: pipes of its own, these variables and descriptors. It is killed in the end.

    A dialogue's standard error is thrown away. Raises `NotAssessed` if the program cannot be started.
    """

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            list(arguments),
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if is_dialogue else subprocess.PIPE,
            start_new_session=True,
            pass_fds=descriptors,
        )

    try:
        process = _in_keeper(start)
    except OSError as error:
        raise NotAssessed(f"The sandbox cannot be started: {error.strerror}.", "See `infra-grader doctor`.") from error
    try:
        yield process
    finally:
        kill(process)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):  # what it did not read any more
                    stream.close()


@cache
def _keeper(_process_id: int) -> ThreadPoolExecutor:
    """Return the thread that starts programs, a new one after a fork, where that of the parent is not there."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-keeper")


def _in_keeper(start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """Start a program in a thread that lives as long as the grader.

    The kernel sends the signal by which bubblewrap dies with its parent when the *thread* that made it ends, and a
    service has to outlive the check that started it.
    """
    return _keeper(os.getpid()).submit(start).result()


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process with its whole group, at once."""
    import signal

    with suppress(ProcessLookupError, PermissionError):  # already gone; macOS says so by EPERM
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Program(Protocol):
    """A program that was started and is watched; it is a process of ours, or in somebody else's care."""

    def listen(self, selector: selectors.BaseSelector, printed: Printed, stdin: bytes) -> None:
        """Register what keeps all that it prints and feeds it all that it reads, as callbacks of this selector."""

    def has_ended(self, wait: float) -> bool:
        """Whether it has ended; waits for it up to these seconds."""

    def kill(self) -> int:
        """End it and all that it started, if it still runs, and return its exit status as shells count it."""


class Process:
    """A process of ours as a `Program`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def listen(self, selector: selectors.BaseSelector, printed: Printed, stdin: bytes) -> None:
        """Register its pipes and its end; see `Program`."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None  # noqa: PT018
        _listen(selector, process.stdout, printed.stdout)
        _listen(selector, process.stderr, printed.stderr)
        _offer(selector, process.stdin, stdin)

    def has_ended(self, wait: float) -> bool:
        """Whether it has ended; see `Program`."""
        return ended_within(self._process, wait)

    def kill(self) -> int:
        """End it with its group; see `Program`."""
        kill(self._process)
        return shell_status(self._process.returncode)


def finish(program: Program, job: Job, deadline: Deadline, watch: Watch) -> Printed:
    """Feed a program, read what it prints up to the limit, and wait for its end, which comes by itself or by us.

    Raises `Overrun` when the check's own time is up.
    """
    printed = Printed()
    with selectors.DefaultSelector() as selector:
        program.listen(selector, printed, job.stdin)
        printed.limit = _attend(selector, program, printed, job.limits, deadline, watch)
        printed.exit_status = program.kill()
        _drain(selector, printed, job.limits)
    printed.limit = printed.limit or watch(printed.exit_status)
    return printed


def shell_status(returncode: int) -> int:
    """Return an exit status as shells count it, where a signal is 128 and its number."""
    return 128 - returncode if returncode < 0 else returncode


def _attend(
    selector: selectors.BaseSelector,
    program: Program,
    printed: Printed,
    limits: Limits,
    deadline: Deadline,
    watch: Watch,
) -> Limit | None:
    """Stay with a program until it has ended (`None`), or has to be ended for a limit."""
    end = time.monotonic() + limits.wall_s
    look = time.monotonic() + WATCH_S
    while True:
        deadline.check()
        now = time.monotonic()
        if now >= end:
            return Limit.TIME
        if now >= look:
            look = now + WATCH_S
            if (limit := watch(None)) in (Limit.DISK, Limit.MEMORY):
                return limit
        wait = min(POLL_S, end - now, deadline.remaining())
        if not _move(selector, wait, printed, limits):
            return Limit.OUTPUT
        if program.has_ended(0.0 if selector.get_map() else max(0.0, wait)):
            return None


def _move(selector: selectors.BaseSelector, wait: float, printed: Printed, limits: Limits) -> bool:
    """Read and write what can be at this moment; returns whether the output still is within its limit."""
    if not selector.get_map():
        return True
    for key, _ in selector.select(max(0.0, wait)):
        key.data(selector, key.fd)
    return len(printed.stdout) + len(printed.stderr) <= limits.output_bytes


def _drain(selector: selectors.BaseSelector, printed: Printed, limits: Limits) -> None:
    """Read what is still in the pipes of a program that has ended; whoever holds them open is not waited for."""
    until = time.monotonic() + DRAIN_S
    while selector.get_map() and time.monotonic() < until:
        if not selector.select(0.0) or not _move(selector, 0.0, printed, limits):
            break
    for kept in (printed.stdout, printed.stderr):
        del kept[limits.output_bytes :]


def _listen(selector: selectors.BaseSelector, stream: IO[bytes], kept: bytearray) -> None:
    def read(selector: selectors.BaseSelector, descriptor: int) -> None:
        block = os.read(descriptor, BLOCK)
        kept.extend(block)
        if not block:
            selector.unregister(descriptor)

    selector.register(stream.fileno(), selectors.EVENT_READ, read)


def _offer(selector: selectors.BaseSelector, stream: IO[bytes], content: bytes) -> None:
    left = memoryview(content)

    def write(selector: selectors.BaseSelector, descriptor: int) -> None:
        nonlocal left
        try:
            left = left[os.write(descriptor, left[:BLOCK]) :]
        except BrokenPipeError:  # it has read enough
            left = left[:0]
        if not left:
            selector.unregister(descriptor)
            stream.close()

    if not content:
        stream.close()
        return
    os.set_blocking(stream.fileno(), False)
    selector.register(stream.fileno(), selectors.EVENT_WRITE, write)


class PipeChannel:
    """The pipes of a program that lives on; see `Channel`."""

    def __init__(self, process: subprocess.Popen[bytes], watch: Watch) -> None:
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018 - both are pipes
        self._process = process
        self._watch = watch
        self._to = process.stdin.fileno()
        self._from = process.stdout.fileno()
        os.set_blocking(self._to, False)

    def send(self, content: bytes, deadline: Deadline) -> None:
        """Send all of it; see `Channel`."""
        left = memoryview(content)
        while left:
            self._wait(self._to, selectors.EVENT_WRITE, deadline)
            try:
                left = left[os.write(self._to, left[:BLOCK]) :]
            except BlockingIOError:  # a pipe is writable when it has room for some, not for this much
                time.sleep(BRIEFLY_S)
            except BrokenPipeError as error:
                raise self._ended() from error

    def receive(self, deadline: Deadline) -> bytes:
        """Return what comes next; see `Channel`."""
        self._wait(self._from, selectors.EVENT_READ, deadline)
        block = os.read(self._from, BLOCK)
        if not block:
            raise self._ended()
        return block

    def end(self, reason: str, limit: Limit | None = None) -> NoReply:
        """End the program and return why, as what is to be raised."""
        kill(self._process)
        return NoReply(reason, limit)

    def _wait(self, descriptor: int, event: int, deadline: Deadline) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, event)
            while not selector.select(min(WATCH_S, deadline.remaining())):
                deadline.check()
                if (limit := self._watch(None)) in (Limit.DISK, Limit.MEMORY):
                    raise self.end(str(limit), limit)

    def _ended(self) -> NoReply:
        """Word the end of a program that should have answered."""
        if not ended_within(self._process, DRAIN_S):
            return self.end("a closed channel")
        status = shell_status(self._process.returncode)
        limit = self._watch(status)
        return self.end(str(limit) if limit else f"the end of the process: {how_ended(status)}", limit)


class EndingChannel(Protocol):
    """A channel whose program can be ended."""

    def send(self, content: bytes, deadline: Deadline) -> None:
        """See `Channel`."""

    def receive(self, deadline: Deadline) -> bytes:
        """See `Channel`."""

    def end(self, reason: str, limit: Limit | None = None) -> NoReply:
        """End the program and return why, as what is to be raised."""


class LineDialogue:
    """A dialogue over a channel: a line of strict JSON there, a line of strict JSON back."""

    def __init__(self, channel: EndingChannel, limits: Limits) -> None:
        self._channel = channel
        self._limits = limits
        self._unread = bytearray()

    def ask(self, request: Mapping[str, object], deadline: Deadline) -> Mapping[str, object]:
        """Send a request and return the reply that carries its `id`; see `Dialogue`."""
        if self._unread:
            raise self._channel.end("something that was not asked for")
        own = Deadline(min(self._limits.wall_s, deadline.remaining()))
        try:
            self._channel.send(json.dumps(request, allow_nan=False).encode() + b"\n", own)
            line = self._receive(own)
        except Overrun:
            deadline.check()  # the check's own time, which is not the reply's
            raise self._channel.end(str(Limit.TIME), Limit.TIME) from None
        try:
            reply = json.loads(line.decode("utf-8"), parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise self._channel.end("a line that is no JSON") from error
        if not isinstance(reply, dict) or reply.get("id") != request.get("id") or type(reply.get("id")) is not int:
            raise self._channel.end("a reply to something else")
        return reply

    def _receive(self, deadline: Deadline) -> bytes:
        while True:
            line, newline, rest = self._unread.partition(b"\n")
            if newline:
                self._unread = rest
                return bytes(line)
            if len(self._unread) > self._limits.output_bytes:
                raise self._channel.end(str(Limit.OUTPUT), Limit.OUTPUT)
            self._unread += self._channel.receive(deadline)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
