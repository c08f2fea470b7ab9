"""A command in a container of a pod, through the API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.kubernetes_connection import CHECK, Connection, Refused
from infra_grader.model.outcome import Unavailable
from infra_grader.model.record import Record

STDIN, STDOUT, STDERR, ERROR = range(4)
MOST_BYTES = 4 * 1024 * 1024
"""What a command may print; it is cut off there."""


class Ended(Record):
    """A command that has ended in a container."""

    exit_status: int
    stdout: str
    stderr: str


def execute(
    connection: Connection, path: str, command: Sequence[str], deadline: Deadline, *, container: str, stdin: str
) -> Ended:
    """Run a command to its end; see `Cluster.execute`."""
    query = [("command", word) for word in command] + [("stdout", "true"), ("stderr", "true")]
    query += [("container", container)] if container else []
    query += [("stdin", "true")] if stdin else []
    stream = _open(connection, f"{connection.host}{path}?{urlencode(query)}")
    try:
        if stdin:
            stream.write_channel(STDIN, stdin.encode())
            stream.close_channel(STDIN)
        return _ended(stream, deadline)
    finally:
        stream.close()
        stream.sock.shutdown()  # which the client leaves open where the API was the first to close


def _open(connection: Connection, url: str) -> Any:
    import ssl

    import websocket
    from kubernetes.stream.ws_client import WSClient, get_websocket_url

    connection.count()
    try:
        return WSClient(connection.configuration, get_websocket_url(url), connection.headers(), True, binary=True)
    except websocket.WebSocketBadStatusException as error:
        raise _refused(error) from error
    except (websocket.WebSocketException, OSError, ssl.SSLError) as error:
        raise Unavailable(f"The cluster does not open a command's streams: {error}.", CHECK) from error


def _refused(error: Any) -> Exception:
    """Return the verdict for an answer that opens no stream."""
    try:
        said = json.loads(error.resp_body or b"{}")
    except ValueError:
        said = {}
    message = str(said.get("message") or error)
    if error.status_code >= 500 and "container" not in message:
        return Unavailable(f"The cluster cannot run a command at the moment: {message}.", CHECK)
    return Refused(error.status_code, str(said.get("reason") or "Unknown"), message)


def _ended(stream: Any, deadline: Deadline) -> Ended:
    printed = {STDOUT: bytearray(), STDERR: bytearray(), ERROR: bytearray()}
    while True:
        for channel, sofar in printed.items():
            sofar.extend(stream.read_channel(channel)[: max(0, MOST_BYTES - len(sofar))])
        if printed[ERROR] or not stream.is_open():
            break
        if deadline.remaining() <= 0:
            raise Overrun
        stream.update(timeout=min(1.0, deadline.remaining()))
    return Ended(
        exit_status=_exit_status(bytes(printed[ERROR])),
        stdout=printed[STDOUT].decode("utf-8", "replace"),
        stderr=printed[STDERR].decode("utf-8", "replace"),
    )


def _exit_status(said: bytes) -> int:
    """Return the exit status out of the API's word on the end. Raises `Refused` where the command never ran."""
    try:
        status = json.loads(said)
    except ValueError as error:
        raise Unavailable("The cluster cut off a command that ran in a container.", CHECK) from error
    if status.get("status") == "Success":
        return 0
    for cause in (status.get("details") or {}).get("causes") or ():
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise Refused(int(status.get("code") or 500), str(status.get("reason") or "Unknown"), str(status.get("message")))
