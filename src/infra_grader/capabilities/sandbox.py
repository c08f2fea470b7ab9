"""What a sandbox must do. Learner code runs in one and nowhere else.

A sandbox runs a program of the submission on a private copy of it that is thrown away, and gives back what the program
printed, how it ended, and which limit it hit. None of that is a verdict: a kind compares it, in the grader's process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.record import Record

MIB = 1024 * 1024


class Limit(StrEnum):
    """A limit that a program hit, in words that finish the sentence "It was ended: ..."."""

    TIME = "too long"
    MEMORY = "out of memory"
    PROCESSES = "too many processes"
    OUTPUT = "too much output"
    FILE_SIZE = "a file that is too large"
    DISK = "too much written to disk"


class Limits(Record):
    """What a program may use; each sandbox says in `cannot_enforce` which of these it does not hold."""

    wall_s: float = 10.0
    """Seconds from start to end; for a dialogue, seconds for each reply."""
    cpu_s: int = 60
    """Seconds of processor time for each process."""
    memory_bytes: int = 256 * MIB
    """For all its processes together."""
    processes: int = 64
    """Processes and threads at the same time."""
    file_bytes: int = 64 * MIB
    """For each file that it writes."""
    disk_bytes: int = 128 * MIB
    """For all that it leaves in its copy of the submission, and as much again in /tmp."""
    output_bytes: int = MIB
    """For all that it prints; for a dialogue, for each reply."""
    open_files: int = 256
    """Descriptors of each process."""


class Mount(Record):
    """A folder of the grader's that a program sees."""

    folder: Path
    is_writable: bool = False
    """Whether the program may write there; only for what the grader reads back with care."""


class Job(Record):
    """A program to run."""

    arguments: tuple[str, ...]
    """The program and its arguments; it starts in the copy of the submission, and relative paths mean files there."""
    workspace: Workspace | None = None
    """The submission to copy; without one the program starts in an empty folder."""
    files: Mapping[str, bytes] = {}
    """Files to add to the copy, by their paths in it; one of the submission's own is replaced."""
    stdin: bytes = b""
    """All of its standard input. A dialogue does not use this."""
    keep: tuple[str, ...] = ()
    """Paths in the copy to read when the program has ended."""
    mounts: Mapping[str, Mount] = {}
    """Folders of ours by their absolute place inside, such as `/environment`. All users must be able to read them.

    Without a wall, one is found at its own place instead: `Sandbox.place_inside` tells.
    """
    variables: Mapping[str, str] = {}
    """Environment variables, beside those that every program needs. Nothing of ours is inherited."""
    limits: Limits = Limits()


class Ended(Record):
    """How a program ended and what is left of it."""

    exit_status: int
    """Exit code; 128 and the number of the signal where a signal ended it."""
    stdout: bytes
    stderr: bytes
    limit: Limit | None = None
    """The limit that it hit, if it hit one."""
    left: Mapping[str, bytes] = {}
    """Of the files to keep, the content of those that are there: regular files in the copy, not too large."""

    @property
    def how(self) -> str:
        """How it ended, in words."""
        if self.limit is not None:
            return f"it was ended: {self.limit}"
        return how_ended(self.exit_status)


def how_ended(exit_status: int) -> str:
    """Return an exit status in words: the name of the signal where it stands for one."""
    if exit_status > 128:
        import signal

        try:
            return f"ended by {signal.Signals(exit_status - 128).name}"
        except ValueError:  # an exit code of the program's own
            pass
    return f"exit status {exit_status}"


class NoReply(Exception):
    """A question got no answer that can be used; the dialogue is over, the process ended."""

    def __init__(self, reason: str, limit: Limit | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        """What came instead, in words that follow "Instead of an answer there was"."""
        self.limit = limit


class Dialogue(Protocol):
    """A program that lives on and answers one line of JSON to each line of JSON."""

    def ask(self, request: Mapping[str, object], deadline: Deadline) -> Mapping[str, object]:
        """Send a request and return the reply that carries its `id`.

        Raises `NoReply` if none comes in time, or something else comes: that question is lost, and so is the process.
        Raises `Overrun` when the check's own time is up.
        """


class Channel(Protocol):
    """The standard input and output of a program that lives on, as bytes.

    One thread may send while another receives.
    """

    def send(self, content: bytes, deadline: Deadline) -> None:
        """Send all of it. Raises `NoReply` if the program has ended, `Overrun` when the check's own time is up."""

    def receive(self, deadline: Deadline) -> bytes:
        """Return what comes next, as soon as there is something.

        Raises `NoReply` when the program has ended or hit a limit, `Overrun` when the check's own time is up.
        """


class Sandbox(Protocol):
    """A place where a learner's code may run. Safe to use from several threads at once."""

    name: str
    is_wall: bool
    """Whether the program is kept from the grader's files and processes; else what it says is only a claim."""
    python: str
    """The Python interpreter, as a program inside names it."""
    python_version: str
    """Its version, such as `3.11`."""
    cannot_enforce: tuple[str, ...]
    """The limits that do not hold here, each with the reason."""

    def run(self, job: Job, deadline: Deadline) -> Ended:
        """Run a program to its end, whatever that is. Raises `Overrun` when the check's own time is up.

        Raises `CheckFailed` for a submission that is too large to copy, `NotAssessed` if nothing can be started.
        """

    def converse(self, job: Job, deadline: Deadline) -> AbstractContextManager[Dialogue]:
        """Start a program that answers questions; it and all that it started end with the `with` block."""

    def attach(self, job: Job, deadline: Deadline) -> AbstractContextManager[Channel]:
        """Start a program that lives on, with its standard input and output open as they are.

        It outlives the thread that started it, and ends with all that it started where the context is left, which may
        happen in another thread. Its standard error is thrown away, and `Limits.wall_s` is not held.
        """

    def place_inside(self, inside: str, mount: Mount) -> str:
        """Return where a program finds a mount that a job has at this place."""

    def close(self) -> None:
        """End what still runs and remove every trace."""


class SandboxKind(Record):
    """What a plugin provides under a name: how to open one sandbox."""

    name: str
    summary: str
    """What it is, in half a sentence, for `doctor`."""
    find_problem: Callable[[], str]
    """Returns why it cannot be used on this machine, or nothing if it can; may start a program to find out."""
    open: Callable[[Sequence[Path]], Sandbox]
    """Opens one in which the given folders, the grader's own, cannot be seen. Raises `NotAssessed` if it cannot."""
