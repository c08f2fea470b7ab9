"""Control groups, version 1 or 2: memory and processes of one run, counted and limited as a whole."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from infra_grader.capabilities.home import is_home
from infra_grader.capabilities.sandbox import Limit, Limits
from infra_grader.sandboxes._scratch import PREFIX

MOUNT = Path("/sys/fs/cgroup")
REMOVE_S = 2.0
OWN_PROCESSES = 1
"""Processes of ours that are counted with the program: the first one of its namespace."""


class Group:
    """The control groups of one run; none where this machine lets us make none."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders

    @property
    def limits(self) -> frozenset[str]:
        """Which limits are held: some of `memory` and `processes`."""
        return frozenset(self._folders)

    def entering(self, arguments: list[str]) -> list[str]:
        """Return the command that enters the groups and then becomes the one with these arguments."""
        if not self._folders:
            return arguments
        enter = [f"echo $$ > '{folder}/cgroup.procs' &&" for folder in sorted({*self._folders.values()})]
        return ["/bin/sh", "-c", " ".join([*enter, 'exec "$@"']), "enter", *arguments]

    def take(self, process: int) -> None:
        """Put a process into the groups, where all that it starts will be too."""
        for folder in {*self._folders.values()}:
            _write(folder / "cgroup.procs", str(process))

    def hit(self) -> Limit | None:
        """Return the limit that the program has hit, if any."""
        if (folder := self._folders.get("memory")) and _count(folder, ("memory.oom_control", "memory.events")):
            return Limit.MEMORY
        if (folder := self._folders.get("processes")) and _count(folder, ("pids.events",)):
            return Limit.PROCESSES
        return None

    def kill(self) -> None:
        """End every process in the groups, wherever it went."""
        for folder in {*self._folders.values()}:
            for process in _processes(folder):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    def remove(self) -> None:
        """Remove the groups, which must wait until the last process has gone."""
        until = time.monotonic() + REMOVE_S
        for folder in {*self._folders.values()}:
            while not _removed(folder) and time.monotonic() < until:
                self.kill()
                time.sleep(0.001)


@contextmanager
def group(name: str, limits: Limits) -> Iterator[Group]:
    """Yield the control groups for a run, as far as they can be made; they are removed in the end."""
    made: dict[str, Path] = {}
    for what, parent in _parents().items():
        folder = parent / name
        try:
            folder.mkdir(exist_ok=True)
            (_limit_memory if what == "memory" else _limit_processes)(folder, limits)
        except OSError:  # not ours to make, or a kernel without it: resource limits must do
            if folder not in made.values():
                _removed(folder)
            continue
        made[what] = folder
    found = Group(made)
    try:
        yield found
    finally:
        found.remove()


def sweep(homes: frozenset[str]) -> None:
    """Remove the groups of homes that are gone."""
    for parent in {*_parents().values()}:
        for folder in parent.glob(f"{PREFIX}*"):
            home = folder.name.rpartition("-run-")[0]
            # One without a home may belong to a grader that has its scratch elsewhere; it is used at once or never.
            if home in homes or (not is_home(home) and time.time() - folder.stat().st_mtime > 60):
                _removed(folder)


@cache
def _parents() -> dict[str, Path]:
    """Return the folders below which groups may be made, by what they limit."""
    if sys.platform != "linux":
        return {}
    if (MOUNT / "cgroup.controllers").is_file():
        enabled = (MOUNT / "cgroup.subtree_control").read_text(encoding="ascii").split()
        return {what: MOUNT for what, name in (("memory", "memory"), ("processes", "pids")) if name in enabled}
    own: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        own |= dict.fromkeys(controllers.split(","), path.lstrip("/"))
    parents = {}
    for what, name in (("memory", "memory"), ("processes", "pids")):
        # In a container the path may be that outside, while the mount shows only the part inside.
        places = [MOUNT / name / own.get(name, ""), MOUNT / name]
        if place := next((place for place in places if (place / "cgroup.procs").is_file()), None):
            parents[what] = place
    return parents


def _limit_memory(folder: Path, limits: Limits) -> None:
    limit = str(limits.memory_bytes)
    if (folder / "memory.max").exists():
        _write(folder / "memory.max", limit)
        with suppress(OSError):
            _write(folder / "memory.swap.max", "0")
        _write(folder / "memory.oom.group", "1")
    else:
        _write(folder / "memory.limit_in_bytes", limit)
        with suppress(OSError):  # only where swap is counted
            _write(folder / "memory.memsw.limit_in_bytes", limit)


def _limit_processes(folder: Path, limits: Limits) -> None:
    _write(folder / "pids.max", str(limits.processes + OWN_PROCESSES))


def _write(file: Path, text: str) -> None:
    with open(file, "r+", encoding="ascii") as stream:
        stream.write(text)


def _count(folder: Path, names: tuple[str, ...]) -> int:
    """Return how often a limit was hit, from the first of these files that is there."""
    for name in names:
        with suppress(OSError):
            return counted((folder / name).read_text(encoding="ascii"))
    return 0


def counted(text: str) -> int:
    """Return how often a limit was hit, from the text of a file of events."""
    facts = dict(line.split(" ", 1) for line in text.splitlines())
    return int(facts.get("oom_kill", facts.get("max", "0")))


def _processes(folder: Path) -> list[int]:
    try:
        return [int(line) for line in (folder / "cgroup.procs").read_text(encoding="ascii").split()]
    except OSError:
        return []


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:  # a process is still in it
        return False
    return True
