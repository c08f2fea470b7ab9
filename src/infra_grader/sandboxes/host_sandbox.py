"""This machine without a wall: for a learner's own work on their own machine, and only on request."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.home import sweep
from infra_grader.capabilities.sandbox import Channel, Dialogue, Ended, Job, Mount, SandboxKind
from infra_grader.model.outcome import NotAssessed
from infra_grader.plugin import hookimpl
from infra_grader.sandboxes import _cgroup, _scratch
from infra_grader.sandboxes._process import LineDialogue, PipeChannel, Process, Watch, finish, started
from infra_grader.sandboxes._resources import find_program, left_behind, limited, variables, watch

WEAKNESSES = (
    "files: the program may read and write whatever the user who grades may",
    "network: the program reaches whatever this machine reaches",
    "user: the program runs as the user who grades",
    "processes: those that leave their group outlive the run, where no control group can be made",
    "memory: each process is limited in its address space alone, where no control group can be made",
    "disk: looked at five times a second, and only in the copy of the submission",
)


class Host:
    """Runs each program as the user who grades, on a copy of the submission, under resource limits."""

    name: str = "host"
    is_wall: bool = False
    cannot_enforce: tuple[str, ...] = WEAKNESSES

    def __init__(self) -> None:
        self.python = os.path.realpath(sys.executable)
        self.python_version = f"{sys.version_info.major}.{sys.version_info.minor}"
        _cgroup.sweep(frozenset(sweep(_scratch.PREFIX)))
        self._home = _scratch.Home()

    def run(self, job: Job, deadline: Deadline) -> Ended:
        """Run a program to its end; see `Sandbox`."""
        with self._started(job, is_dialogue=False) as (process, work, look):
            printed = finish(Process(process), job, deadline, look)
            return Ended(
                exit_status=printed.exit_status,
                stdout=bytes(printed.stdout),
                stderr=bytes(printed.stderr),
                limit=printed.limit,
                left=left_behind(work, job),
            )

    @contextmanager
    def converse(self, job: Job, deadline: Deadline) -> Iterator[Dialogue]:
        """Start a program that answers questions; see `Sandbox`."""
        deadline.check()
        with self._started(job, is_dialogue=True) as (process, _, look):
            yield LineDialogue(PipeChannel(process, look), job.limits)

    @contextmanager
    def attach(self, job: Job, deadline: Deadline) -> Iterator[Channel]:
        """Start a program that lives on; see `Sandbox`."""
        deadline.check()
        with self._started(job, is_dialogue=True) as (process, _, look):
            yield PipeChannel(process, look)

    def place_inside(self, _inside: str, mount: Mount) -> str:
        """Return where a mount is found: at its own place, since a program sees this machine as it is."""
        return os.fspath(mount.folder)

    def close(self) -> None:
        """Remove every trace. Programs have ended before, each with the call that started it."""
        self._home.close()

    @contextmanager
    def _started(self, job: Job, *, is_dialogue: bool) -> Iterator[tuple[subprocess.Popen[bytes], Path, Watch]]:
        with self._home.run_folder(job, None) as place, _cgroup.group(place.name, job.limits) as group:
            command = list(job.arguments)
            if prlimit := find_program("prlimit"):
                # Processes are counted by user, and this user has others than the learner's.
                command = [*limited(prlimit, job.limits, group, counts_processes=False), *command]
            temporary = place.work.with_name("tmp")
            temporary.mkdir()
            environment = variables(job) | {"HOME": os.fspath(place.work), "TMPDIR": os.fspath(temporary)}
            with started(group.entering(command), place.work, environment, is_dialogue=is_dialogue) as process:
                try:
                    yield process, place.work, watch(place.work, job.limits, group)
                finally:
                    group.kill()


def find_problem() -> str:
    """Return why programs cannot be run here, or nothing."""
    return "" if os.name == "posix" else "it needs process groups, which this system does not have"


def open_host(_hidden: Sequence[Path]) -> Host:
    """Return an open sandbox. Raises `NotAssessed` on a system without process groups."""
    if problem := find_problem():
        raise NotAssessed(f"The host sandbox cannot be used: {problem}.", "Use Linux, macOS or WSL.")
    return Host()


@hookimpl
def infra_grader_sandboxes() -> Sequence[SandboxKind]:
    """Give the sandbox that is none."""
    return [
        SandboxKind(
            name="host",
            summary="this machine without a wall; only on request",
            find_problem=find_problem,
            open=open_host,
        )
    ]
