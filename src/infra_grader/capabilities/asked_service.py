"""A service that checks ask, wherever it runs: in a sandbox, in a container, in a project of several."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.tunnel import Connect, Tunnel


class NotStarted(Exception):
    """A command did not lead to a service that answers."""

    def __init__(self, reason: str, output: str, taken: frozenset[int] = frozenset()) -> None:
        super().__init__(reason)
        self.reason = reason
        """What happened instead, as a clause."""
        self.output = output
        """All that is known of what it printed."""
        self.taken = taken
        """Ports that it names and that others of this machine had; none behind a wall."""


class RunningService(Protocol):
    """A service that runs, and the way to it."""

    @property
    def port(self) -> int:
        """The port at which it is asked."""

    @property
    def name(self) -> str:
        """The host name under which it is asked."""

    @property
    def output(self) -> str:
        """What is known of what it printed."""

    @property
    def is_claimed(self) -> bool:
        """Whether what it says is only a claim, since no wall keeps it from the grader."""

    def connect(self, port: int, deadline: Deadline) -> Tunnel:
        """Return a connection to a port of it. Raises `TunnelError`."""

    def find_end(self) -> str:
        """Return how it ended, as a clause, or nothing if it still takes connections."""


class AskedService(Protocol):
    """A service that checks ask one after another; one that has ended is started again for the next check."""

    @property
    def command(self) -> str:
        """What starts it by hand, for evidence."""

    def turn(self, deadline: Deadline, *, fresh: bool = False) -> AbstractContextManager[RunningService]:
        """Yield the service for one check alone, started anew where `fresh`, or where it has ended.

        The wait for others is not paid for. Raises `NotStarted` if it does not start again, `NotAssessed` where others
        keep it for too long.
        """

    def undisturbed(self, deadline: Deadline) -> AbstractContextManager[None]:
        """Return a block in which nobody else puts a load on, or measures, what the service runs on, where others may.

        Raises `NotAssessed` where that does not come about in time. It is entered before `turn`.
        """

    def idle(self, deadline: Deadline) -> AbstractContextManager[tuple[Connect, int]]:
        """Yield the way to a service of ours that does nothing, and its port, with the same limits and as far away.

        What it costs to ask that one is none of the service's doing. Raises `NotAssessed` if it cannot be had.
        """
