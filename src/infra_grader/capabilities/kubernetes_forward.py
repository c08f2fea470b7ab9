"""A connection to a port of a pod, forwarded through the API as `kubectl port-forward` does."""

from __future__ import annotations

import select
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes_connection import Connection
from infra_grader.capabilities.tunnel import TunnelError, TunnelTimeout

if TYPE_CHECKING:
    from websocket import WebSocket

DATA, ERROR = 0, 1
"""Channels: what is said in both directions, and what the node has to say about it."""
PROTOCOL = "v4.channel.k8s.io"
LEAST_S = 0.001
BROKEN_OFF = "the connection was broken off"


class ForwardTunnel:
    """A forwarded connection as a `Tunnel`. One thread uses it at a time."""

    def __init__(self, stream: WebSocket) -> None:
        self._stream = stream
        self._told: set[int] = set()
        """Channels whose first frame, which only names the port, has come."""
        self._waiting = bytearray()
        self._is_over = False

    @property
    def has_more(self) -> bool:
        """Whether a read would return at once; see `Tunnel`."""
        connection = self._stream.sock
        if self._waiting or self._is_over or connection is None:
            return True
        if isinstance(connection, ssl.SSLSocket) and connection.pending():
            return True
        return bool(select.select([connection], [], [], 0)[0])

    def read(self, most: int, deadline: Deadline) -> bytes:
        """Return what comes next; see `Tunnel`."""
        while not self._waiting and not self._is_over:
            self._take(deadline)
        said = bytes(self._waiting[:most])
        del self._waiting[:most]
        return said

    def read_line(self, deadline: Deadline) -> str:
        """Return the next line without its end; what there is of it where nothing more comes. Raises as `read` does."""
        while b"\n" not in self._waiting and not self._is_over:
            self._take(deadline)
        line, _, rest = bytes(self._waiting).partition(b"\n")
        self._waiting = bytearray(rest)
        return line.decode("utf-8", "replace")

    def write(self, content: bytes, deadline: Deadline) -> None:
        """Say all of it; see `Tunnel`."""
        import websocket

        self._stream.settimeout(max(LEAST_S, deadline.remaining()))
        try:
            self._stream.send_binary(bytes([DATA]) + content)
        except (TimeoutError, websocket.WebSocketTimeoutException) as error:
            raise TunnelTimeout("what is said is not taken in time") from error
        except (websocket.WebSocketException, OSError) as error:
            raise TunnelError(BROKEN_OFF) from error

    def end(self) -> None:
        """Do nothing: the protocol has no word for it, and the other side learns of it by `close`."""

    def close(self) -> None:
        """Break off; see `Tunnel`."""
        with suppress(OSError):
            self._stream.close(timeout=0)

    def _take(self, deadline: Deadline) -> None:
        """Take the next frame."""
        import websocket

        self._stream.settimeout(max(LEAST_S, deadline.remaining()))
        try:
            code, frame = self._stream.recv_data()
        except (TimeoutError, websocket.WebSocketTimeoutException) as error:
            raise TunnelTimeout("nothing came in time") from error
        except websocket.WebSocketConnectionClosedException:
            self._is_over = True
            return
        except (websocket.WebSocketException, OSError) as error:
            raise TunnelError(BROKEN_OFF) from error
        if code == websocket.ABNF.OPCODE_CLOSE:
            self._is_over = True
        elif frame:
            self._sort(frame[0], frame[1:])

    def _sort(self, channel: int, said: bytes) -> None:
        if channel not in self._told:
            self._told.add(channel)
        elif channel == DATA:
            self._waiting += said
        elif channel == ERROR and said:
            raise TunnelError(said.decode("utf-8", "replace").strip()[:200] or BROKEN_OFF)


def forward(connection: Connection, path: str, port: int, deadline: Deadline) -> ForwardTunnel:
    """Return a connection to a port of a pod, by the path of its `portforward`. Raises `TunnelError` if none comes."""
    import websocket
    from kubernetes.stream.ws_client import create_websocket, get_websocket_url

    connection.count()
    url = get_websocket_url(f"{connection.host}{path}?{urlencode({'ports': port})}")
    headers: dict[str, Any] = {**connection.headers(), "sec-websocket-protocol": PROTOCOL}
    try:
        stream = create_websocket(connection.configuration, url, headers)
    except (websocket.WebSocketException, OSError) as error:
        deadline.check()
        raise TunnelError("the cluster forwards no connection to our probe") from error
    return ForwardTunnel(stream)
