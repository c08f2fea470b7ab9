"""Builds by the classic builder, which the daemon itself has: for machines without BuildKit or the `docker` command."""

from __future__ import annotations

import io
import json
import os
import queue
import re
import socket
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from infra_grader.capabilities import docker as daemon
from infra_grader.capabilities._docker_request import BuildRequest, Made
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_build_log import ClassicLog, Failure
from infra_grader.capabilities.docker_room import Room
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.model.outcome import NotAssessed, Unavailable

OUTSIDE = ".infra-grader.Dockerfile"
"""Where a Dockerfile goes that lies outside of the context: this builder takes nothing else."""
WAIT_S = 0.5
MAX_WAITING = 1000


def build(
    docker: LiveDocker, request: BuildRequest, name: str, deadline: Deadline, show: Callable[[str], object]
) -> Made:
    """Build by the daemon's own builder. Raises `Overrun` at the deadline, `NotAssessed` if it does not answer."""
    with tempfile.TemporaryFile(dir=request.folder) as packed:
        _pack(docker, request, packed)
        packed.seek(0)
        api = daemon.connect()  # a connection of its own, which is cut to end the build
        try:
            return _build(docker, api, request, name, packed, deadline, show)
        finally:
            api.close()


def _build(
    docker: LiveDocker,
    api: Any,
    request: BuildRequest,
    name: str,
    packed: IO[bytes],
    deadline: Deadline,
    show: Callable[[str], object],
) -> Made:
    log = ClassicLog(f"LABEL {daemon.LABEL}", len(request.from_ends) + len(docker.labels))
    image = ""
    for message in _messages(api, _question(docker, request, name), packed, deadline, Room(docker)):
        if error := message.get("error"):
            return Made(result=_in_place(log.failure(str(error)), request), log=log.text)
        for line in str(message.get("stream", "")).splitlines():
            if log.take(line) and log.step is not None:
                show(log.step.title)
        aux = message.get("aux")
        if isinstance(aux, dict) and aux.get("ID"):
            image = str(aux["ID"])
    if not image:
        raise Unavailable("Docker ended a build without saying how.", daemon.START)
    return Made(result=image, log=log.text)


def _question(docker: LiveDocker, request: BuildRequest, name: str) -> dict[str, Any]:
    return {
        "t": name,
        "dockerfile": request.inside or OUTSIDE,
        "nocache": True,
        "rm": True,
        "forcerm": True,
        "target": request.target,
        **({"networkmode": request.network} if request.network != "default" else {}),
        "buildargs": json.dumps(dict(request.arguments)),
        "labels": json.dumps(docker.labels),
    }


def _messages(
    api: Any, question: dict[str, Any], packed: IO[bytes], deadline: Deadline, room: Room
) -> Iterator[dict[str, Any]]:
    """Yield what the daemon says of a build until it ends; at the deadline the connection is cut, which ends it."""
    asking = _Asking(api, question, packed)
    asking.start()
    try:
        while True:
            deadline.check()
            room.check()
            try:
                message = asking.received.get(timeout=min(WAIT_S, deadline.remaining() or WAIT_S))
            except queue.Empty:
                continue
            if isinstance(message, NotAssessed):
                raise message
            if isinstance(message, Exception):
                raise NotAssessed("What Docker says of a build cannot be read.", daemon.START) from message
            if message is None:
                return
            yield message
    finally:
        asking.cut()


class _Asking(threading.Thread):
    """Asks the daemon for a build, and hands over what it says, as long as somebody wants it."""

    def __init__(self, api: Any, question: dict[str, Any], packed: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.received: queue.Queue[dict[str, Any] | Exception | None] = queue.Queue(maxsize=MAX_WAITING)
        """What the daemon said, then what went wrong in asking, then `None`."""
        self._api = api
        self._question = question
        self._packed = packed
        self._is_cut = threading.Event()
        self._connection: socket.socket | None = None

    def run(self) -> None:
        import docker.errors
        import requests.exceptions

        try:
            with answering():
                self._ask()
        except (NotAssessed, docker.errors.DockerException, requests.exceptions.RequestException, ValueError) as error:
            self._hand_over(error)
        finally:
            self._hand_over(None)

    def _ask(self) -> None:
        response = self._api.post(
            f"{self._api.base_url}/v{self._api.api_version}/build",
            params=self._question,
            data=self._packed,
            headers={"Content-Type": "application/x-tar"},
            stream=True,
            timeout=None,  # a step may be silent for long; the deadline is held by cutting the connection
        )
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            self._hand_over({"error": str(response.json().get("message", response.text))})
            return
        # The library's own way to the socket; there is no other.
        stream = self._api._get_raw_response_socket(response)  # noqa: SLF001
        self._connection = getattr(stream, "_sock", stream)
        for line in response.iter_lines(chunk_size=None):
            if line:
                self._hand_over(json.loads(line))

    def _hand_over(self, message: dict[str, Any] | Exception | None) -> None:
        while not self._is_cut.is_set():
            try:
                self.received.put(message, timeout=WAIT_S)
            except queue.Full:
                continue
            return

    def cut(self) -> None:
        """End the connection, and with it a build that goes on."""
        self._is_cut.set()
        if self._connection is not None:
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        self.join(WAIT_S)


def _pack(docker: LiveDocker, request: BuildRequest, packed: IO[bytes]) -> None:
    """Write the context as a tar, with a Dockerfile in it that gives our labels to every step's image.

    Those are left behind by a build that fails, and are found again by their labels.
    """
    content = _labelled(request, docker.labels)
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for folder, folders, files in os.walk(request.context):
            for each in sorted((*folders, *files)):
                place = Path(folder, each)
                inside = place.relative_to(request.context).as_posix()
                if inside != request.inside:
                    tar.add(place, inside, recursive=False)
        facts = tarfile.TarInfo(request.inside or OUTSIDE)
        facts.size = len(content)
        tar.addfile(facts, io.BytesIO(content))


def _labelled(request: BuildRequest, labels: dict[str, str]) -> bytes:
    lines = request.dockerfile.read_bytes().split(b"\n")
    ours = " ".join(f"{key}={json.dumps(value)}" for key, value in labels.items())
    for end in sorted(request.from_ends, reverse=True):
        lines.insert(end, f"LABEL {ours}".encode())
    return b"\n".join(lines)


def _in_place(failure: Failure, request: BuildRequest) -> Failure:
    """Count lines as the learner's own Dockerfile has them, without those that were put in between."""
    found = re.search(r"parse error (?:on )?line (\d+)", failure.error)
    if found is None:
        return failure
    line = int(found[1])
    own = line - sum(end + number < line for number, end in enumerate(sorted(request.from_ends), 0))
    return failure.replace(error=failure.error.replace(found[0], f"parse error line {own}"), line=own)
