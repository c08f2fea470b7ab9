"""Where an LFS server may say that a file is: not in our own network, where only we get to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from infra_grader.loading.fetch_outcome import FetchFailed

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses that hold one of IPv4 in their last bits, to which they lead."""
LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
SERVE = "Let the server give its files away itself, or grade clones on this machine in which `git lfs fetch` was run."
SHOWN = 100


def later(reason: str) -> FetchFailed:
    """Return a failure of the server's, which the learner has no part in."""
    return FetchFailed(reason, "Fetch again later, or look at the server.", is_ours=True)


def joined(address: str, there: str) -> str:
    """Return where an answer of a server leads. Raises `FetchFailed` where that is no address."""
    try:
        found = urljoin(address, there)
        origin(found)
    except ValueError as error:
        raise later("The server leads to an address that is none.") from error
    return found


def origin(address: str) -> tuple[str, str | None, int | None]:
    """Return the scheme, host and port of an address. Raises `ValueError` where it is none."""
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def is_elsewhere(address: str, own: str) -> bool:
    """Whether an address is on another host than the server's own."""
    return urlsplit(address).hostname != urlsplit(own).hostname


def check_place(address: str, own: str) -> None:
    """Raise `FetchFailed` for an object that is said to be in our own network, or asked without TLS where we had it."""
    there = urlsplit(address)
    if there.scheme not in ("http", "https") or (urlsplit(own).scheme, there.scheme) == ("https", "http"):
        raise later("The server says that the file is where nothing is fetched from.")
    if not is_elsewhere(address, own):
        return
    try:
        found = socket.getaddrinfo(there.hostname, there.port or 443, type=socket.SOCK_STREAM)
    except (OSError, ValueError):  # asking it will fail, unless a proxy knows better
        return
    for one in found:
        _check_public(str(one[4][0]), str(there.hostname))


def is_public(address: str) -> bool:
    """Whether everybody gets to an address of IPv4 or IPv6, also one that leads to another."""
    there = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(there, ipaddress.IPv6Address):
        last = ipaddress.IPv4Address(int(there) & 0xFFFFFFFF) if there in NAT64 else None
        inner = there.ipv4_mapped or there.sixtofour or last
        if there in LOCAL_NAT64 or (inner is not None and not inner.is_global):
            return False
    return there.is_global


class PeerCheck:
    """Looks at whom httpx has reached for a host before anything is said to them: its name may lead elsewhere by now.

    Give it as the extension `trace` of one request. A proxy is not looked at: the user has named it.
    """

    def __init__(self, host: str) -> None:
        """`host` is as httpx writes it: in ASCII."""
        self._host = host
        self._reached = ""

    def __call__(self, event: str, facts: Mapping[str, Any]) -> None:
        """Raise `FetchFailed`, and close the connection, where the host is in our own network."""
        if event == "connection.connect_tcp.started":
            self._reached = facts["host"]
        elif event == "connection.connect_tcp.complete" and self._reached == self._host:
            stream = facts["return_value"]
            try:
                _check_public(stream.get_extra_info("server_addr")[0], self._host)
            except FetchFailed:
                stream.close()
                raise


def _check_public(address: str, host: str) -> None:
    if not is_public(address):
        reason = f"The server says that the file is at {host[:SHOWN]}, in a network that is not public."
        raise FetchFailed(reason, SERVE, is_ours=True)
