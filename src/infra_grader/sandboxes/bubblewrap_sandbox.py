"""The bubblewrap sandbox: namespaces of its own for each program, no daemon. Linux only."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Self

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.home import sweep
from infra_grader.capabilities.sandbox import Channel, Dialogue, Ended, Job, Limit, Limits, Mount, SandboxKind
from infra_grader.model.outcome import NotAssessed
from infra_grader.plugin import hookimpl
from infra_grader.sandboxes import _cgroup, _low_ports, _scratch
from infra_grader.sandboxes._process import LineDialogue, PipeChannel, Process, Watch, finish, started
from infra_grader.sandboxes._resources import find_program, left_behind, limit, variables, watch
from infra_grader.sandboxes._system_calls import call_filter

NOBODY = 65534
WORK = "/work"
INSTALL = "Install it: apt-get install bubblewrap (or dnf, pacman, apk add bubblewrap)."
ROOT_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")
TRIAL_S = 10.0
STATUS_BYTES = 4096
HOST = "sandbox"
NAMES = {
    "hosts": f"127.0.0.1 localhost {HOST}\n::1 localhost\n".encode(),
    "passwd": b"nobody:x:65534:65534:nobody:/tmp:/bin/sh\n",
    "group": b"nogroup:x:65534:\n",
    "nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\n",
}
"""Files of /etc by which programs find `localhost`, their own host and their own user."""


class Bubblewrap:
    """Runs each program with its own processes, network (none), users and file system, read-only but for its copy.

    Started by root, programs run as nobody (65534), without capabilities; else as the user who grades, in a user
    namespace without capabilities.
    """

    name: str = "bubblewrap"
    is_wall: bool = True

    def __init__(self, hidden: Sequence[Path] = ()) -> None:
        self.python = python()
        self.python_version = python_version()
        self._hidden = [os.path.realpath(folder) for folder in hidden]
        _cgroup.sweep(frozenset(sweep(_scratch.PREFIX)))
        self._home = _scratch.Home()
        self.cannot_enforce = tuple(_weaknesses())

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
        with self._started(job, is_dialogue=True, may_serve=True) as (process, _, look):
            yield PipeChannel(process, look)

    def place_inside(self, inside: str, _mount: Mount) -> str:
        """Return where a mount is found; see `Sandbox`."""
        return inside

    def close(self) -> None:
        """Remove every trace. Programs have ended before, each with the call that started it."""
        self._home.close()

    @contextmanager
    def _started(
        self, job: Job, *, is_dialogue: bool, may_serve: bool = False
    ) -> Iterator[tuple[subprocess.Popen[bytes], Path, Watch]]:
        owner = NOBODY if os.geteuid() == 0 else None
        if owner is not None:
            for mount in job.mounts.values():
                if mount.is_writable:
                    os.chown(mount.folder, owner, owner)
        with ExitStack() as stack:
            place = stack.enter_context(self._home.run_folder(job, owner))
            group = stack.enter_context(_cgroup.group(place.name, job.limits))
            calls, status = (stack.enter_context(_file_in_memory(text)) for text in (call_filter(), b""))
            names = {stack.enter_context(_file_in_memory(text)): name for name, text in NAMES.items()}
            gate = stack.enter_context(Gate())
            command = [*self._walls(place.work, job, names), *gate.options, "--json-status-fd", str(status)]
            command += [*(["--seccomp", str(calls)] if call_filter() else []), "--", *_as_nobody(), *job.arguments]
            look = _or_nothing_ran(watch(place.work, job.limits, group), status)
            # Bubblewrap kills the program when it ends itself, however it ends; and it ends with this process.
            descriptors = (calls, status, *names, *gate.descriptors)
            with started(command, place.work, {}, is_dialogue=is_dialogue, descriptors=descriptors) as process:
                with suppress(ProcessLookupError):  # it has ended, which `look` will find
                    inside = gate.wait()
                    group.take(inside)
                    limit(inside, job.limits, group)
                    if may_serve:
                        _low_ports.open_low_ports(inside)
                    gate.open()
                yield process, place.work, look

    def _walls(self, work: Path, job: Job, names: Mapping[int, str]) -> list[str]:
        """Return bubblewrap's command up to the program; `names` are files of /etc by their descriptors."""
        temporary = ["--perms", "1777", "--size", str(job.limits.disk_bytes), "--tmpfs"]
        command = [*_bwrap(), *_system(), "--proc", "/proc", "--dev", "/dev"]
        command += [*temporary, "/dev/shm", *temporary, "/tmp", "--bind", os.fspath(work), WORK]  # noqa: S108 - inside
        for descriptor, name in names.items():
            command += ["--perms", "0444", "--file", str(descriptor), f"/etc/{name}"]
        for folder in self._hidden:
            if any(_is_below(folder, shown) for shown in _shown()):
                command += ["--perms", "0000", "--tmpfs", folder]
        # Last, so that a folder of ours is seen even below one that is hidden.
        for inside, mount in job.mounts.items():
            command += ["--bind" if mount.is_writable else "--ro-bind", os.fspath(mount.folder), inside]
        command += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK]
        for name, value in variables(job).items():
            command += ["--setenv", name, value]
        return command


class Gate:
    """Holds bubblewrap until its process inside is under our limits, which it must not outrun by a moment.

    To be used in a `with` block around the one in which bubblewrap runs, since a gate that is closed lets it pass.
    """

    def __init__(self) -> None:
        self._told, self._tells = os.pipe()
        self._held, self._opens = os.pipe()
        self.descriptors = (self._tells, self._held)
        """Bubblewrap's ends of the pipes."""
        self.options = ("--info-fd", str(self._tells), "--block-fd", str(self._held))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in {self._told, self._tells, self._held, self._opens} - {-1}:
            os.close(descriptor)

    def wait(self) -> int:
        """Return the first process inside, as soon as it is there.

        Raises `ProcessLookupError` if bubblewrap ends before.
        """
        for name in ("_tells", "_held"):  # that are bubblewrap's now, whose end we want to see
            os.close(getattr(self, name))
            setattr(self, name, -1)
        told = b""
        while block := os.read(self._told, STATUS_BYTES):
            told += block
        if not told:
            raise ProcessLookupError
        return int(json.loads(told)["child-pid"])

    def open(self) -> None:
        """Let it pass."""
        with suppress(BrokenPipeError):  # it has ended
            os.write(self._opens, b"!")


@contextmanager
def _file_in_memory(content: bytes) -> Iterator[int]:
    """Yield the descriptor of a file with this content, to be read from its start or written to."""
    descriptor = os.memfd_create("infra-grader")
    try:
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _or_nothing_ran(look: Watch, status: int) -> Watch:
    """Return a watch that raises `NotAssessed` where bubblewrap ended before the program began, which is no learner's.

    Bubblewrap tells an exit code only if it started what it was to start; the program cannot reach that descriptor.
    """

    def look_closer(exit_status: int | None) -> Limit | None:
        limit = look(exit_status)
        if exit_status is not None and limit is None and b'"exit-code"' not in os.pread(status, STATUS_BYTES, 0):
            raise NotAssessed(
                "The sandbox ended before the program began.", "`infra-grader doctor` looks for the reason."
            )
        return limit

    return look_closer


def python() -> str:
    """Return the interpreter that this one was made from: a virtual environment of ours is not shown to learners."""
    return os.path.realpath(os.path.join(sys.base_prefix, "bin", f"python{python_version()}"))


def python_version() -> str:
    """Return the version of that interpreter, such as `3.11`."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _bwrap() -> list[str]:
    command = [find_program("bwrap"), "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    command += ["--hostname", HOST]
    if os.geteuid() != 0:
        return [*command, "--unshare-user", "--disable-userns", "--uid", str(NOBODY), "--gid", str(NOBODY)]
    for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):  # to become nobody, who has none
        command += ["--cap-add", capability]
    return command


def _as_nobody() -> list[str]:
    """Return the start of a command that really becomes nobody: a mere user namespace would still be root outside."""
    if os.geteuid() != 0:
        return []
    user = ["--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    none = ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"]
    return [find_program("setpriv"), *user, *none]


@cache
def _shown() -> tuple[str, ...]:
    """Return the folders that programs see, read-only: the system's, and the interpreter's own."""
    prefix = os.path.realpath(sys.base_prefix)
    return ("/usr",) if _is_below(prefix, "/usr") else ("/usr", prefix)


@cache
def _system() -> tuple[str, ...]:
    command: list[str] = []
    for folder in _shown():
        # Folders above one that is shown would have the permissions of ours, which may keep nobody out.
        for above in reversed(Path(folder).parents[:-1]):
            command += ["--perms", "0755", "--dir", os.fspath(above)]
        command += ["--ro-bind", folder, folder]
    for place in ROOT_LINKS:
        if os.path.islink(place):
            command += ["--symlink", os.readlink(place), place]
        elif os.path.isdir(place):
            command += ["--ro-bind", place, place]
    # Folders that bubblewrap makes by itself are closed to all but root.
    command += ["--perms", "0755", "--dir", "/etc"]
    for place in ("/etc/ld.so.cache", "/etc/alternatives"):
        command += ["--ro-bind-try", place, place]
    return tuple(command)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _weaknesses() -> Iterator[str]:
    with _cgroup.group(f"{_scratch.PREFIX}trial-{os.getpid()}", Limits()) as group:
        if "memory" not in group.limits:
            yield "memory: no control group can be made here, so each process is limited in its address space alone"
        if "processes" not in group.limits:
            yield "processes: no control group can be made here, so all runs of this user are counted together"
    if problem := _low_ports.find_problem():
        yield f"ports: a service cannot listen on one below 1024, since {problem}"
    if not call_filter():
        yield f"system calls: not filtered on {platform.machine()}"
    yield "disk: looked at five times a second, so a program can exceed it for a moment"
    yield "processor time: limited for each process, not for all of a run together"


def find_problem() -> str:
    """Return why bubblewrap cannot be used here, or nothing."""
    if sys.platform != "linux":
        return "bubblewrap needs Linux"
    for program in ("bwrap", *(["setpriv"] if os.geteuid() == 0 else [])):
        if not find_program(program):
            return f"{program} is not installed. {INSTALL if program == 'bwrap' else 'Install util-linux.'}"
    trial = [*_bwrap(), *_system(), "--proc", "/proc", "--dev", "/dev", "--", *_as_nobody(), "/usr/bin/true"]
    try:
        ended = subprocess.run(trial, env={}, capture_output=True, check=False, timeout=TRIAL_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it cannot be started: {error}"
    said = ended.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
    return f"this machine does not let it make namespaces: {said}" if ended.returncode else ""


def open_bubblewrap(hidden: Sequence[Path]) -> Bubblewrap:
    """Return an open sandbox. Raises `NotAssessed` where bubblewrap cannot be used."""
    if problem := find_problem():
        raise NotAssessed(f"The bubblewrap sandbox cannot be used: {problem}", INSTALL)
    return Bubblewrap(hidden)


@hookimpl
def infra_grader_sandboxes() -> Sequence[SandboxKind]:
    """Give the bubblewrap sandbox."""
    return [
        SandboxKind(
            name="bubblewrap",
            summary="namespaces on Linux, without a daemon",
            find_problem=find_problem,
            open=open_bubblewrap,
        )
    ]
