"""A command run inside a container, with bounds on its time and its output."""

from __future__ import annotations

import os
import signal
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.sandbox import MIB, Ended, Limit

HEADER = struct.Struct(">BxxxL")
STDERR = 2
BLOCK = 65_536
LOOK_S = 0.5
TELL_S = 5.0
NOT_THERE = 127


def execute(  # noqa: PLR0913 - by name, what `docker exec` takes
    api: Any,
    key: str,
    arguments: tuple[str, ...],
    deadline: Deadline,
    *,
    seconds: float,
    stdin: bytes = b"",
    user: str = "",
    folder: str = "",
    variables: Mapping[str, str] | None = None,
    output_bytes: int = MIB,
) -> Ended | None:
    """Return how a command ended; `None` where the container does not run.

    One that takes longer than these seconds, or prints more than that, is killed as far as this machine can reach it,
    and has hit the limit: what it started may live on until the container ends. Raises `Overrun` at the deadline.
    """
    import docker.errors

    with answering():
        try:
            made = api.exec_create(
                key,
                list(arguments),
                stdin=bool(stdin),
                user=user,
                workdir=folder or None,
                environment=dict(variables or {}),
            )["Id"]
            stream = api.exec_start(made, socket=True)
        except docker.errors.APIError as error:
            if error.status_code in (404, 409):
                return None
            if said := _not_there(str(error.explanation or "")):  # newer versions refuse to start it
                return Ended(exit_status=NOT_THERE, stdout=b"", stderr=said.encode())
            raise
    connection = stream._sock  # noqa: SLF001 - the library has no other way to it
    read = _Read(output_bytes)
    until = Deadline(min(seconds, deadline.remaining()))
    try:
        if stdin:
            _send(connection, stdin, until)
        limit = read.all(connection, until)
    finally:
        connection.close()
        stream._response.close()  # noqa: SLF001
    if limit is not None:
        _kill(api, key, made)
        deadline.check()
        return Ended(exit_status=128 + signal.SIGKILL, stdout=read.out[1], stderr=read.out[STDERR], limit=limit)
    return Ended(exit_status=_exit_status(api, made), stdout=read.out[1], stderr=read.out[STDERR])


class _Read:
    """What a command printed, taken from Docker's frames."""

    def __init__(self, most: int) -> None:
        self.out = {1: b"", STDERR: b""}
        self._most = most
        self._unread = bytearray()

    def all(self, connection: Any, until: Deadline) -> Limit | None:
        """Read to the end; return the limit that was hit, if one was."""
        while until.remaining():
            connection.settimeout(min(LOOK_S, max(0.01, until.remaining())))
            try:
                block = connection.recv(BLOCK)
            except TimeoutError:
                continue
            except OSError:
                return None
            if not block:
                return None
            self._unread += block
            self._take()
            if sum(map(len, self.out.values())) > self._most:
                return Limit.OUTPUT
        return Limit.TIME

    def _take(self) -> None:
        while len(self._unread) >= HEADER.size:
            stream, length = HEADER.unpack_from(self._unread)
            end = HEADER.size + length
            if len(self._unread) < end:
                return
            self.out[STDERR if stream == STDERR else 1] += bytes(self._unread[HEADER.size : end])
            del self._unread[:end]


def _send(connection: Any, content: bytes, until: Deadline) -> None:
    import socket

    connection.settimeout(max(0.01, until.remaining()))
    with suppress(OSError):  # a command need not read
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)


def _exit_status(api: Any, made: str) -> int:
    """Return the exit status, which Docker knows a moment after the end of the output."""
    deadline = Deadline(TELL_S)
    while True:
        with answering():
            found = api.exec_inspect(made)
        if not found.get("Running") or not deadline.remaining():
            return int(found.get("ExitCode") or 0)
        time.sleep(0.02)


def _kill(api: Any, key: str, made: str) -> None:
    """Kill a command that runs on, where its process is one of this machine's and surely that container's."""
    with answering():
        process = int(api.exec_inspect(made).get("Pid") or 0)
        container = str(api.inspect_container(key).get("Id"))
    with suppress(OSError):
        if process and container in Path(f"/proc/{process}/cgroup").read_text(encoding="utf-8", errors="replace"):
            os.kill(process, signal.SIGKILL)


def _not_there(said: str) -> str:
    return said if "executable file not found" in said or "no such file or directory" in said else ""
