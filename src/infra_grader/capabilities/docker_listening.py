"""Where something listens inside a container: that tells a server bound to 127.0.0.1 from one that is absent.

Docker's own proxy takes every connection to a published port, and breaks it off where nobody listens inside.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from infra_grader.capabilities.deadline import Deadline
from infra_grader.model.record import Record

if TYPE_CHECKING:
    from infra_grader.capabilities.docker_running import RunningContainer

LISTENS = "0A"
TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
EXEC_S = 5.0
OWN = "127.0.0.11"
"""Where Docker's own name server listens in every container."""


class Listener(Record):
    """A port inside a container that something listens on."""

    port: int
    address: str
    """The address that it listens at, such as `0.0.0.0`."""

    @property
    def is_reachable(self) -> bool:
        """Whether it takes connections from outside of the container."""
        return not ipaddress.ip_address(self.address).is_loopback

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


def listeners(container: RunningContainer, deadline: Deadline) -> list[Listener] | None:
    """Return where something listens inside; `None` where that cannot be told.

    It is read from outside where this machine lets us, else by `cat` inside, which not every image has.
    """
    tables = _from_outside(container)
    if tables is None:
        ended = container.execute(("cat", *TABLES), deadline, seconds=EXEC_S)
        tables = ended.stdout.decode("utf-8", "replace") if ended and ended.stdout else None
    return None if tables is None else sorted(set(_listening(tables)), key=lambda one: (one.port, one.address))


def why_silent(found: Sequence[Listener] | None, port: int) -> str:
    """Return why a published port does not answer, as a clause."""
    if found is None:
        return f"nothing listens on port {port} inside the container, or only on 127.0.0.1"
    here = [one for one in found if one.port == port]
    if any(one.is_reachable for one in here):
        return f"something listens on port {port} inside the container, and does not answer"
    if here:
        return (
            f"the server listens on {here[0]} inside the container, where nobody outside reaches it: 0.0.0.0 would do"
        )
    others = ", ".join(map(str, found)) or "no port at all"
    return f"nothing listens on port {port} inside the container, but on {others}"


def _from_outside(container: RunningContainer) -> str | None:
    """Return the tables of the container's network as this machine shows them of its process 1."""
    facts = container.inspect()
    pid, key = (facts.get("State") or {}).get("Pid"), facts.get("Id")
    if not pid or not key:
        return ""
    folder = Path(f"/proc/{pid}")
    try:
        if key not in (folder / "cgroup").read_text(encoding="utf-8", errors="replace"):
            return None  # a process of this number on another machine, or in another namespace
        tables = [table for name in ("tcp", "tcp6") if (table := folder / "net" / name).exists()]
        return "\n".join(table.read_text(encoding="ascii") for table in tables)
    except OSError:
        return None


def _listening(tables: str) -> Iterator[Listener]:
    for line in tables.splitlines():
        words = line.split()
        if len(words) > 3 and words[3] == LISTENS:
            address, _, port = words[1].partition(":")
            found = _address(address)
            if found != OWN:
                yield Listener(port=int(port, 16), address=found)


def _address(text: str) -> str:
    """Return an address as it is usually written; the kernel writes each four bytes of it from the end."""
    raw = bytes.fromhex(text)
    ordered = b"".join(raw[place : place + 4][::-1] for place in range(0, len(raw), 4))
    found = ipaddress.ip_address(ordered)
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
