"""The control groups of a container, seen from outside: which limit it hit, while it runs and after its end.

Docker removes a container's groups with it and says afterwards only whether memory ran out. So a thread waits for the
kernel to tell of a refused process, since the program may end right after it and the groups with it; the count is read
as well whenever the program prints or ends. Where the daemon's kernel is not this one (Docker Desktop), the groups
cannot be seen, and that limit holds without being named.
"""

from __future__ import annotations

import os
import select
import threading
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
        self._follower: threading.Thread | None = None
        if self._events >= 0:
            self._closing = os.eventfd(0)
            self._follower = threading.Thread(target=self._follow, daemon=True)
            self._follower.start()

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
        if self._follower is not None:
            os.eventfd_write(self._closing, 1)
            self._follower.join()
            os.close(self._closing)
            os.close(self._events)

    def _follow(self) -> None:
        """Note a refused process as soon as the kernel tells of one, which it does once."""
        told = select.poll()
        told.register(self._events, select.POLLPRI)
        told.register(self._closing, select.POLLIN)
        told.poll()
        self.look()


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
