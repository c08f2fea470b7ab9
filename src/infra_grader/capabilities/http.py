"""Bounded requests to a service: in time, in size, and to nowhere else."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.tunnel import Connect, TunnelTimeout
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

if TYPE_CHECKING:
    import httpx

LOCAL = "localhost"
"""The name of a service that runs on the machine from which it is asked."""
MAX_BODY = 2 * 1024 * 1024
INSTALL = "pip install 'infra-grader[http]'"


class Request(Record):
    """What is asked of the service."""

    method: str = "GET"
    target: str = "/"
    """Path and query."""
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    follows: bool = False
    """Whether a redirect within the service is followed."""
    max_body: int = MAX_BODY
    """Bytes of the answer's body that are read."""

    @property
    def line(self) -> str:
        """The request in a few words, for evidence."""
        return f"{self.method} {self.target}"


class Answer(Record):
    """What the service answered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """In order, names in lower case."""
    body: bytes
    is_cut: bool
    """Whether the body is longer than what was read."""
    seconds: float
    """From the request to the end of the answer, measured outside of where it runs."""

    def header(self, name: str) -> str | None:
        """Return the first header of this name, or `None`."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class NoAnswer(Exception):
    """The service gave no answer that can be read; says what it did instead, as a clause."""

    def __init__(self, reason: str, *, is_late: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_late = is_late
        """Whether its time was up."""


def prepare() -> None:
    """Load what asks, so that it does not count as time that a service takes. Raises `NotAssessed` if it is missing."""
    try:
        importlib.import_module("infra_grader.capabilities._http_tunnel")  # httpx is slow to import, and an extra
    except ImportError as error:
        raise NotAssessed("httpx, which asks services, is not installed.", INSTALL) from error


class Client:
    """Asks a service. One thread uses it at a time; connections are kept between requests."""

    def __init__(self, connect: Connect, port: int, name: str = LOCAL) -> None:
        """Ask under a name, which the header `Host` says and redirects may lead to.

        Raises `NotAssessed` where the library that asks is not installed.
        """
        prepare()
        from infra_grader.capabilities import _http_tunnel  # as above

        self.port = port
        self._clock = _http_tunnel.Clock()
        self._http = _http_tunnel.open_client(connect, port, self._clock, name)

    def ask(self, request: Request, seconds: float) -> Answer:
        """Return the answer. Raises `NoAnswer` if there is none within so many seconds, or none that can be read."""
        from infra_grader.capabilities import _http_tunnel as tunnels  # as above

        self._clock.deadline = Deadline(seconds)
        started = time.perf_counter()
        try:
            built = self._http.build_request(
                request.method, request.target, headers=list(request.headers), content=request.content or None
            )
            answer = self._http.send(built, stream=True, follow_redirects=request.follows)
            try:
                body, is_cut = self._body(answer, request.max_body)
            finally:
                answer.close()
        except tunnels.LATE as error:
            raise NoAnswer(f"no whole answer came within {seconds:g} s", is_late=True) from error
        except tunnels.BROKEN_OFF as error:
            raise NoAnswer(str(error) or "the connection was broken off") from error
        except (*tunnels.UNREADABLE, ValueError) as error:
            said = str(error)[:200]
            silent = "disconnected without" in said
            raise NoAnswer("it hung up without an answer" if silent else f"what came is no HTTP: {said}") from error
        return Answer(
            status=answer.status_code,
            headers=tuple((name.lower(), value) for name, value in answer.headers.multi_items()),
            body=body,
            is_cut=is_cut,
            seconds=time.perf_counter() - started,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _body(self, answer: httpx.Response, most: int) -> tuple[bytes, bool]:
        """Return what the body holds, unpacked, up to a number of bytes, and whether there is more."""
        unpack = _unpacker(answer.headers.get("content-encoding", ""))
        body = bytearray()
        for block in answer.iter_raw():
            if self._clock.deadline.remaining() <= 0:
                raise TunnelTimeout
            body += unpack(block, most + 1 - len(body))
            if len(body) > most:
                return bytes(body[:most]), True
        return bytes(body), False


def _unpacker(coding: str) -> Callable[[bytes, int], bytes]:
    """Return what unpacks a body piece by piece, never to more than asked for; unknown codings stay as they are."""
    import zlib

    coding = coding.strip().lower()
    if coding not in ("gzip", "x-gzip", "deflate"):
        return lambda block, _most: block
    packed = zlib.decompressobj(wbits=15 if coding == "deflate" else 31)

    def unpack(block: bytes, most: int) -> bytes:
        try:
            return packed.decompress(block, max(1, most))
        except zlib.error as error:
            raise ValueError(f"its body is no {coding}") from error

    return unpack
