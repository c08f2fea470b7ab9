"""Tunnels to a service as httpx and httpcore know connections. Imported on use: both are slow, and an extra."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

import httpcore
import httpx

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.tunnel import Connect, Tunnel, TunnelError, TunnelTimeout

OWN_HOSTS = ("localhost", "127.0.0.1", "0.0.0.0")  # noqa: S104 - names in a redirect
MAX_REDIRECTS = 5

UNREADABLE = (httpcore.ProtocolError, httpx.HTTPError, httpx.InvalidURL)
"""What the libraries raise for an answer that is no HTTP."""
BROKEN_OFF = (httpcore.NetworkError, TunnelError)
LATE = (httpcore.TimeoutException, TunnelTimeout)


class Clock:
    """How long the request that is being asked may still take: whatever the libraries wait for, this holds."""

    def __init__(self) -> None:
        self.deadline = Deadline(0)


class TunnelStream(httpcore.NetworkStream):
    """A tunnel as a connection of httpcore's."""

    def __init__(self, tunnel: Tunnel, clock: Clock) -> None:
        self._tunnel = tunnel
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the clock holds
        """Return what comes next. A service that always says more, and never an answer, is late as well."""
        if self._clock.deadline.remaining() <= 0:
            raise TunnelTimeout
        return self._tunnel.read(max_bytes, self._clock.deadline)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the clock holds
        """Send all of it. A service that refuses the rest may have answered, so that httpcore reads on."""
        try:
            self._tunnel.write(buffer, self._clock.deadline)
        except TunnelTimeout:
            raise
        except TunnelError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        """Break off."""
        self._tunnel.close()

    def get_extra_info(self, info: str) -> Any:
        """Say whether a connection that was kept has ended meanwhile, as httpcore asks."""
        return self._tunnel.has_more if info == "is_readable" else None


class TunnelBackend(httpcore.NetworkBackend):
    """Opens connections to the service, and to nothing else."""

    def __init__(self, connect: Connect, clock: Clock, name: str) -> None:
        self._connect = connect
        self._clock = clock
        self._names = (*OWN_HOSTS, name)

    def connect_tcp(self, host: str, port: int, *_options: object, **_more: object) -> httpcore.NetworkStream:
        """Open a tunnel."""
        if host not in self._names:
            raise TunnelError(f"it leads to another host, {host[:100]}")
        return TunnelStream(self._connect(port, self._clock.deadline), self._clock)


class TunnelTransport(httpx.BaseTransport):
    """httpcore's connections as a transport of httpx."""

    def __init__(self, connect: Connect, clock: Clock, name: str) -> None:
        self._pool = httpcore.ConnectionPool(network_backend=TunnelBackend(connect, clock, name))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask, and return the answer with its body still to be read."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        asked = httpcore.Request(request.method, url, headers=request.headers.raw, content=request.stream)
        answer = self._pool.handle_request(asked)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: object) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from cast("Iterable[bytes]", self._stream)

    def close(self) -> None:
        if hasattr(self._stream, "close"):
            self._stream.close()


AGENT = "curl/8.5.0"
"""As whom we ask: what answers a grader alone must answer people, too."""


def open_client(connect: Connect, port: int, clock: Clock, name: str) -> httpx.Client:
    """Return a client that knows only the service, and nothing of this machine's proxies and settings."""
    return httpx.Client(
        transport=TunnelTransport(connect, clock, name),
        base_url=f"http://{name}:{port}",
        headers={"accept-encoding": "identity", "user-agent": AGENT},
        max_redirects=MAX_REDIRECTS,
        trust_env=False,
    )
