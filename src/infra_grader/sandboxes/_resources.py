"""Limits of each process, which the kernel holds: the part of a job's limits that needs no control group."""

from __future__ import annotations

import os
import shutil
import signal
import stat
from functools import cache
from pathlib import Path

from infra_grader.capabilities.sandbox import Job, Limit, Limits
from infra_grader.sandboxes._cgroup import Group
from infra_grader.sandboxes._process import Watch
from infra_grader.sandboxes._scratch import used_bytes

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@cache
def find_program(name: str) -> str:
    """Return the path of a program of the system, or nothing."""
    return shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin") or ""


def limited(prlimit: str, limits: Limits, group: Group, *, counts_processes: bool) -> list[str]:
    """Return the start of a command that runs the rest of it under these limits.

    Memory and processes are limited for each process or user only where no control group holds them for the run.
    """
    held = _process_limits(limits, group, counts_processes=counts_processes)
    return [prlimit, *(f"--{name}={soft}:{hard}" for name, (soft, hard) in held.items())]


def limit(process: int, limits: Limits, group: Group) -> None:
    """Put a process of ours, and all that it will start, under these limits; Linux only."""
    import resource

    for name, pair in _process_limits(limits, group, counts_processes=True).items():
        resource.prlimit(process, getattr(resource, f"RLIMIT_{name.upper()}"), pair)


def _process_limits(limits: Limits, group: Group, *, counts_processes: bool) -> dict[str, tuple[int, int]]:
    held = {
        "core": (0, 0),
        "fsize": (limits.file_bytes, limits.file_bytes),
        "nofile": (limits.open_files, limits.open_files),
        "cpu": (limits.cpu_s, limits.cpu_s + 1),
    }
    if "memory" not in group.limits:
        held["as"] = (limits.memory_bytes, limits.memory_bytes)
    if "processes" not in group.limits and counts_processes:
        held["nproc"] = (limits.processes, limits.processes)
    return held


def watch(work: Path, limits: Limits, group: Group) -> Watch:
    """Return what tells the limit that a program has hit."""

    def look(exit_status: int | None) -> Limit | None:
        if used_bytes(work, limits.disk_bytes) > limits.disk_bytes:
            return Limit.DISK
        if limit := group.hit():
            return limit
        if exit_status == 128 + signal.SIGXFSZ:
            return Limit.FILE_SIZE
        return Limit.TIME if exit_status == 128 + signal.SIGXCPU else None

    return look


def variables(job: Job) -> dict[str, str]:
    """Return the environment of a job's program: what every program needs, and what the job adds."""
    return {"PATH": SYSTEM_PATH, "HOME": "/tmp", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"} | dict(job.variables)  # noqa: S108 - a tmpfs of its own in the sandbox


def left_behind(work: Path, job: Job) -> dict[str, bytes]:
    """Return the content of the files to keep that a program left behind."""
    found = {path: _read_beneath(work, path, job.limits.output_bytes) for path in job.keep}
    return {path: content for path, content in found.items() if content is not None}


def _read_beneath(work: Path, path: str, limit: int) -> bytes | None:
    """Return the content of a regular file, or `None`; no link is followed, even one that appears at this moment."""
    *folders, name = path.split("/")
    if ".." in path.split("/"):
        return None
    place = os.open(work, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            below = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            os.close(place)
            place = below
        with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place), "rb") as stream:
            content = stream.read(limit + 1) if stat.S_ISREG(os.fstat(stream.fileno()).st_mode) else None
    except OSError:  # not there, a link, or not readable
        return None
    finally:
        os.close(place)
    return content if content is not None and len(content) <= limit else None
