"""Where a submodule may be fetched from: the server of the submission's own repository, and nowhere else."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?![/:])(\S+)")
RELATIVE = re.compile(r"\.{1,2}/")
SEGMENT = re.compile(r"[\w~+@%-][\w.~+@%-]*|\.[\w~+@%-][\w.~+@%-]*")
"""A part of a path on a server: no dots alone, nothing that ends an address."""
LONGEST = 2000
DEFAULT_PORTS = {"http": 80, "https": 443, "git": 9418}
SHOWN = 100


class Server(NamedTuple):
    """A server that gives repositories away without a login."""

    scheme: str
    host: str
    port: int | None
    """Where it is not the scheme's own."""

    def address(self, path: str) -> str:
        """Return the address of a repository there."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{'' if self.port is None else f':{self.port}'}/{path}"


class BadAddress(ValueError):
    """An address that is not fetched from; says why, as a sentence."""


def public_address(text: str, parent: str) -> str:
    """Return where to fetch a submodule whose address a learner wrote, in a repository fetched from `parent`.

    It lies on the server of `parent`, and is asked there as that one is, over HTTPS where that one is asked over ssh.
    Raises `BadAddress`.
    """
    if len(text) > LONGEST:
        raise BadAddress("Its address is too long.")
    try:
        server, above = _split(parent)
    except (BadAddress, ValueError):
        raise BadAddress("This submission was handed in without a server to fetch it from.") from None
    if RELATIVE.match(text):
        return server.address(_checked(_joined(above, text), text))
    try:
        other, path = _split(text)
    except ValueError:  # and `BadAddress`
        raise BadAddress(f"{_shown(text)} is no address that a submodule is fetched from.") from None
    # A port of ssh says nothing of the one that gives repositories to all.
    if other.host != server.host or not (_is_ssh(text) or other.port == server.port):
        raise BadAddress(f"{_shown(text)} is on another server than the submission.")
    return server.address(_checked(path, text))


def server_address(source: str) -> str:
    """Return where the repository of a submission is asked over HTTP. Raises `BadAddress`."""
    try:
        server, path = _split(source)
    except ValueError:  # and `BadAddress`
        server, path = Server("", "", None), ""
    if server.scheme not in ("http", "https"):
        raise BadAddress("The submission was handed in without a server that is asked over HTTP.")
    return server.address(path)


def _split(address: str) -> tuple[Server, str]:
    """Return the server of an address, and the path there; a user's name is left out, as nobody is logged in."""
    if "://" not in address and (match := SCP.fullmatch(address)):
        return Server("https", match[1].lower(), None), match[2]
    parts = urlsplit(address)
    has_login = parts.password is not None and parts.scheme != "ssh"
    if parts.scheme not in (*DEFAULT_PORTS, "ssh") or not parts.hostname or parts.query or parts.fragment or has_login:
        raise BadAddress(address)
    if parts.scheme == "ssh":
        return Server("https", parts.hostname, None), parts.path.lstrip("/")
    port = None if parts.port == DEFAULT_PORTS[parts.scheme] else parts.port
    return Server(parts.scheme, parts.hostname, port), parts.path.lstrip("/")


def _is_ssh(address: str) -> bool:
    return "://" not in address or address.startswith("ssh://")


def _joined(above: str, text: str) -> str:
    """Return a relative address on the server of the repository above, as git reads it."""
    parts = above.rstrip("/").split("/")
    while match := RELATIVE.match(text):
        if match[0] == "../":
            if not parts:
                raise BadAddress(f"{_shown(text)} leads out of the server.")
            parts.pop()
        text = text[match.end() :]
    return "/".join((*parts, text))


def _checked(path: str, text: str) -> str:
    path = path.rstrip("/")
    for part in path.split("/"):
        if not SEGMENT.fullmatch(part) or unquote(part) in (".", "..") or re.search(r"[\x00-\x1f/\\]", unquote(part)):
            raise BadAddress(f"{_shown(text)} is no address that a submodule is fetched from.")
    return path


def _shown(text: str) -> str:
    return repr(re.sub(r"(\w+://)[^/@\s]+@", r"\1", text)[:SHOWN])
