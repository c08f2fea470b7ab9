"""The control groups of a container, seen from outside: which limit it hit, while it runs and after its end.

Docker removes a container's groups with it and says afterwards only whether memory ran out. So the count of refused
processes is read again and again while the program runs, and whenever it prints or ends. Where the daemon's kernel is
not this one (Docker Desktop), the groups cannot be seen, and that limit holds without being named.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from infra_grader.capabilities.sandbox import Limit
from infra_grader.sandboxes._cgroup import MOUNT, Group, counted

EVENTS_BYTES = 256


class ContainerGroup(Group):
    """The groups of a container that runs; to be closed."""

    def __init__(self, process: int, container: str) -> None:
        super().__init__(_folders(process, container))
        self._hit: Limit | None = None
        self._events = -1
        if folder := self._folders.get("processes"):
            with suppress(OSError):
                self._events = os.open(folder / "pids.events", os.O_RDONLY)

    def hit(self) -> Limit | None:
        """Return the limit that the program has hit, even if the groups are gone by now."""
        self.look()
        return super().hit() or self._hit

    def look(self) -> None:
        """Note whether the kernel has refused a process; costs next to nothing."""
        if self._events >= 0 and self._hit is None:
            with suppress(OSError):  # the container is gone
                if counted(os.pread(self._events, EVENTS_BYTES, 0).decode("ascii")):
                    self._hit = Limit.PROCESSES

    def close(self) -> None:
        """Let go of the groups."""
        if self._events >= 0:
            os.close(self._events)


def _folders(process: int, container: str) -> dict[str, Path]:
    """Return the folders of a container's groups by what they limit; none where this machine is not the container's."""
    try:
        lines = Path(f"/proc/{process}/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if container not in path:  # another process of this number, in another machine than the daemon's
            continue
        for what, name in (("memory", "memory"), ("processes", "pids")):
            place = MOUNT / name if name in controllers.split(",") else MOUNT if not controllers else None
            if place is not None and (place / path.lstrip("/")).is_dir():
                found[what] = place / path.lstrip("/")
    return found
