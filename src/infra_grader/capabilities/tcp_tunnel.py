"""Plain connections to a port of this machine, such as a container publishes one on the loopback."""

from __future__ import annotations

import socket

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.tunnel import TunnelError, TunnelTimeout

LEAST_S = 0.001
RESET = "the connection was reset"


class TcpTunnel:
    """A TCP connection as a `Tunnel`."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    @property
    def has_more(self) -> bool:
        """Whether a read would return at once; see `Tunnel`."""
        try:
            self._connection.settimeout(0)  # Python waits by itself where there is another one, whatever the flags
            self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def read(self, most: int, deadline: Deadline) -> bytes:
        """Return what comes next; see `Tunnel`."""
        try:
            self._connection.settimeout(max(LEAST_S, deadline.remaining()))
            return self._connection.recv(most)
        except TimeoutError as error:
            raise TunnelTimeout("nothing came in time") from error
        except OSError as error:
            raise TunnelError(_reason(error)) from error

    def write(self, content: bytes, deadline: Deadline) -> None:
        """Say all of it; see `Tunnel`."""
        try:
            self._connection.settimeout(max(LEAST_S, deadline.remaining()))
            self._connection.sendall(content)
        except TimeoutError as error:
            raise TunnelTimeout("what is said is not taken in time") from error
        except OSError as error:
            raise TunnelError(_reason(error)) from error

    def end(self) -> None:
        """Say that nothing more comes; see `Tunnel`."""
        try:
            self._connection.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise TunnelError(_reason(error)) from error

    def close(self) -> None:
        """Break off; see `Tunnel`."""
        self._connection.close()


def connect(host: str, port: int, deadline: Deadline) -> TcpTunnel:
    """Return a connection. Raises `TunnelError` if it is refused, `TunnelTimeout` if nobody answers in time."""
    try:
        connection = socket.create_connection((host, port), max(LEAST_S, deadline.remaining()))
    except TimeoutError as error:
        raise TunnelTimeout("no connection came about in time") from error
    except OSError as error:
        raise TunnelError(_reason(error)) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return TcpTunnel(connection)


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return RESET
    return f"the connection cannot be used: {error.strerror or error}"
