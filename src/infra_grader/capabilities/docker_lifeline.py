"""Whether a Docker daemon has been there all the time: one that was started anew has ended what ran in it."""

from __future__ import annotations

import socket
from contextlib import suppress

QUESTION = b"GET /events?filters=%7B%22type%22%3A%5B%22daemon%22%5D%7D HTTP/1.1\r\nHost: docker\r\n\r\n"
"""Asks for events that a daemon hardly ever has: its answer goes on until the daemon ends."""
WAIT_S = 5.0


class Lifeline:
    """A connection that lasts as long as the daemon does; for daemons on this machine."""

    def __init__(self, path: str) -> None:
        """`path` is the daemon's socket; with nothing, a restart is not noticed."""
        self._path = path
        self._connection = self._connect()
        self._ends = 0

    def ends(self) -> int:
        """Return how often the daemon has been seen to end; after each time, the new one counts."""
        if self._connection is not None and self._is_cut(self._connection):
            self.close()
            self._connection = self._connect()
            self._ends += 1
        return self._ends

    @staticmethod
    def _is_cut(connection: socket.socket) -> bool:
        try:
            while connection.recv(4096):
                pass
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> socket.socket | None:
        if not self._path:
            return None
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with suppress(OSError):
            connection.settimeout(WAIT_S)
            connection.connect(self._path)
            connection.sendall(QUESTION)
            if connection.recv(4096).startswith(b"HTTP/1.1 200"):
                connection.settimeout(0)
                return connection
        connection.close()
        return None
