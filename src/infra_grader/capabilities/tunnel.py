"""A connection to a service, whatever way it takes: through a relay into a sandbox, or to a published port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from infra_grader.capabilities.deadline import Deadline


class TunnelError(Exception):
    """A connection that cannot be used; says why, as a clause."""


class TunnelTimeout(TunnelError):
    """Nothing came in time."""


class Tunnel(Protocol):
    """A connection to a service. One thread uses it at a time."""

    @property
    def has_more(self) -> bool:
        """Whether a read would return at once: something came, or the end."""

    def read(self, most: int, deadline: Deadline) -> bytes:
        """Return what comes next; nothing at the end. Raises `TunnelError`."""

    def write(self, content: bytes, deadline: Deadline) -> None:
        """Say all of it. Raises `TunnelError`."""

    def end(self) -> None:
        """Say that nothing more comes; what the service says can still be read."""

    def close(self) -> None:
        """Break off. Nothing is raised where that is over already."""


Connect = Callable[[int, Deadline], Tunnel]
"""Opens a connection to a port of a service. Raises `TunnelError` if it is refused."""
