"""Our own tools, run on a submission: argument lists, a clean environment, time and output limits.

Learner code never runs here; that is what sandboxes are for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.home import Home, open_home, remove
from infra_grader.capabilities.process_end import ended_within
from infra_grader.model.outcome import NotAssessed

PREFIX = "infra-grader-tools-"
SCRATCH = "scratch"
"""The folder of tools, beside the lock that tells whose it is."""
MAX_OUTPUT_BYTES = 16 * 1024 * 1024
MAX_MEMORY_BYTES = 4 * 1024 * 1024 * 1024
POLL_S = 0.5
CLOSE_GRACE_S = 2.0
QUIET_ROUNDS = 3


class CommandOutput(NamedTuple):
    """What a tool did."""

    arguments: tuple[str, ...]
    exit_status: int
    """Exit code; negative for the number of the signal that ended it."""
    stdout: str
    stderr: str
    is_cut: bool
    """Whether it printed more than was kept."""


class Command:
    """Runs tools of ours, each as a process group of its own that is killed as a whole.

    Tools see an environment that starts empty, and work in a scratch folder of ours (`scratch`), so that no
    configuration of the submission or of the user steers them.
    """

    def __init__(self) -> None:
        self._live: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._home: Home | None = None
        self._writers: set[threading.Thread] = set()
        """The threads that know the scratch folder."""
        self._is_closed = False
        """Set when the submission ends, perhaps before a check that was left behind in its thread."""

    @property
    def scratch(self) -> Path:
        """A folder of ours, removed at the end of the submission; after it, `NotAssessed` is raised."""
        with self._lock:
            self._check_open()
            self._writers.add(threading.current_thread())
            if self._home is None:
                self._home = open_home(PREFIX)
                (self._home.folder / SCRATCH).mkdir()
            return self._home.folder / SCRATCH

    def find_tool(self, name: str, remedy: str) -> str:
        """Return the absolute path of a tool: beside our own interpreter, else on the PATH.

        Raises `NotAssessed` with the remedy, the command that installs it, if there is none.
        """
        beside = shutil.which(name, path=sysconfig.get_path("scripts"))
        found = beside or shutil.which(name, path=_safe_path())
        if found is None:
            raise NotAssessed(f"{name} is not installed.", remedy)
        return os.path.abspath(found)

    def run(
        self,
        arguments: Sequence[str],
        deadline: Deadline,
        *,
        folder: Path | None = None,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
    ) -> CommandOutput:
        """Run a tool to its end and return what it printed and its exit status, whatever that is.

        It inherits these descriptors, where the system has such a thing, and no others of ours.
        Output beyond a cap is drained and dropped. Raises `Overrun` when the deadline passes (the whole process
        group has been killed then), and `NotAssessed` if the tool cannot be started.
        """
        try:
            process = subprocess.Popen(
                list(arguments),
                cwd=folder or self.scratch,
                env=clean_environment(self.scratch) | dict(variables or {}),
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=descriptors,
            )
        except OSError as error:
            reason = f"{arguments[0]} cannot be started: {error.strerror}."
            raise NotAssessed(reason, f"Try {arguments[0]} by hand.") from error
        try:
            with self._lock:
                self._live.add(process)
                self._check_open()
            return self._finish(process, tuple(arguments), deadline, stdin)
        finally:
            _kill(process)
            with self._lock:
                self._live.discard(process)

    def _finish(
        self, process: subprocess.Popen[bytes], arguments: tuple[str, ...], deadline: Deadline, stdin: bytes
    ) -> CommandOutput:
        _limit_memory(process.pid)
        drains = [_Drain(stream) for stream in (process.stdout, process.stderr) if stream is not None]
        if process.stdin is not None:
            threading.Thread(target=_feed, args=(process.stdin, stdin), daemon=True).start()
        while not ended_within(process, min(POLL_S, deadline.remaining())):
            deadline.check()
        _kill(process)  # what it left behind in its group would keep the pipes open
        for drain in drains:
            drain.join(CLOSE_GRACE_S)
        stdout, stderr = (drain.text() for drain in drains)
        return CommandOutput(arguments, process.returncode, stdout, stderr, any(drain.is_cut for drain in drains))

    def _check_open(self) -> None:
        if self._is_closed:
            raise NotAssessed("The grading has ended.")

    def close(self) -> None:
        """Kill whatever still runs, remove the scratch folder, and start nothing any more."""
        with self._lock:
            self._is_closed = True
            live, home = list(self._live), self._home
            self._home = None
        for process in live:
            _kill(process)
        if home is None:
            return
        home.close()
        # A check that was left behind in a thread writes there until it notices, and may make the folder again.
        until = time.monotonic() + CLOSE_GRACE_S
        left_behind = any(thread.is_alive() for thread in self._writers - {threading.current_thread()})
        quiet = 0 if left_behind else QUIET_ROUNDS
        while quiet < QUIET_ROUNDS and time.monotonic() < until:
            time.sleep(0.02)
            quiet = 0 if home.folder.exists() else quiet + 1
            remove(home.folder)


class _Drain(threading.Thread):
    """Reads a pipe to its end and keeps the first part."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._kept = bytearray()
        self.is_cut = False
        self.start()

    def run(self) -> None:
        with self._stream:
            while block := self._stream.read1(65536) if hasattr(self._stream, "read1") else self._stream.read(65536):
                room = MAX_OUTPUT_BYTES - len(self._kept)
                self._kept += block[:room]
                self.is_cut = self.is_cut or len(block) > room

    def text(self) -> str:
        """Return what was kept, with bytes that are no UTF-8 replaced."""
        return self._kept.decode("utf-8", errors="replace").replace("\r\n", "\n")


def _feed(stream: IO[bytes], content: bytes) -> None:
    try:
        with stream:
            stream.write(content)
    except BrokenPipeError:  # the tool has read enough
        return


def clean_environment(home: Path) -> dict[str, str]:
    """Return the variables that our tools see: no token, no proxy, no HOME of the user's."""
    kept = {key: os.environ[key] for key in ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR") if key in os.environ}
    return kept | {
        "PATH": _safe_path(),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
    }


def _safe_path() -> str:
    """Return the PATH without its relative entries, which would lead into the submission."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if os.path.isabs(entry))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and its whole group at once; asking first would be asking the learner's files."""
    if os.name == "posix":
        import signal

        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # already gone; macOS says so by EPERM
            pass
    elif process.poll() is None:
        process.kill()
    process.wait()


def _limit_memory(pid: int) -> None:
    """Bound the memory of a tool where the platform can (Linux), so that hostile input costs no more.

    Not its address space: tools in Haskell and Go reserve far more of that than they ever use, and would not start.
    """
    if sys.platform != "linux":
        return
    import resource

    try:
        resource.prlimit(pid, resource.RLIMIT_DATA, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    except (ProcessLookupError, PermissionError):  # it has ended already
        return
