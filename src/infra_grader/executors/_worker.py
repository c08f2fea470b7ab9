"""One worker process: what its parent sees of it, and what it does itself."""

from __future__ import annotations

import faulthandler
import math
import multiprocessing
import os
import signal
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from infra_grader.capabilities.executor import Done, Lost, Task, Work

GRACE_S = 10.0
"""How long a worker that is asked to end may take to remove what it has opened."""
TELL_GRACE_S = 5.0
"""How much later than promised a task may say something: a busy machine, the way to the parent."""
LONGEST_S = 7 * 86400.0
"""The longest that a worker can outlive its parent: the clock that sees to it does not count to infinity."""
LIVES = 100
"""Tasks after which a worker is replaced, so that its memory does not grow with the class."""
AT, DONE, FAILED = "at", "done", "failed"


class Worker:
    """One worker process, seen from the parent."""

    def __init__(self) -> None:
        # Not a fork: the parent holds the journal, and a child must inherit neither its lock nor its database.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), name="infra-grader worker", daemon=False)
        self._process.start()
        theirs.close()
        self.task: Task | None = None
        self._work: Work | None = None
        self.lives = LIVES
        self._at = ""
        self._until = self._said_until = math.inf
        self._said_s = 0.0
        self._killed_at = math.inf

    @property
    def until(self) -> float:
        """When something must be done about it at the latest, on the monotonic clock."""
        return min(self._until, self._said_until, self._killed_at)

    @property
    def sentinel(self) -> int:
        """What to wait for until it has ended."""
        return self._process.sentinel

    def give(self, work: Work, task: Task) -> None:
        """Let it begin a task. One that has just died is noticed when its answer is read."""
        known, self._work = self._work, work
        self.task, self._at = task, ""
        self.lives -= 1
        self._until, self._said_until = time.monotonic() + task.seconds, math.inf
        with suppress(OSError):
            self.pipe.send((None if work is known else work, task.payload, task.seconds))

    def read(self) -> Done | Lost | None:
        """Return how the task ended, or `None` if the worker has only said what it is at."""
        assert self.task is not None
        try:
            kind, value = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join(GRACE_S)
            return Lost(task=self.task, at=self._at, reason=_how(self._process.exitcode))
        if kind == AT:
            self._at, seconds = value
            self._said_s = seconds or 0.0
            self._said_until = math.inf if seconds is None else time.monotonic() + seconds + TELL_GRACE_S
            return None
        task, self.task = self.task, None
        self._until = self._said_until = math.inf
        if kind == FAILED:
            return Lost(task=task, at=self._at, reason=value)
        return Done(task=task, value=value)

    def overrun(self) -> Lost | None:
        """Return the task as lost if its time, or that of what it is at, is up."""
        now = time.monotonic()
        if self.task is None or now < min(self._until, self._said_until) or self.pipe.poll():
            return None
        is_whole = now >= self._until
        reason = f"it took more than {self.task.seconds:g} s" if is_whole else f"this took more than {self._said_s:g} s"
        return Lost(task=self.task, at=self._at, reason=reason, is_overrun=True)

    def given_up(self) -> Lost | None:
        """Return the task as lost, since nobody wants it any more."""
        return None if self.task is None else Lost(task=self.task, at=self._at, reason="it was given up")

    def ask_to_end(self) -> None:
        """Ask it to end, which closes what it has opened; `has_ended` says when it has."""
        self.task = None
        self._until = self._said_until = math.inf
        self._killed_at = time.monotonic() + GRACE_S
        self._process.terminate()

    def has_ended(self) -> bool:
        """Whether a worker that was asked to end is gone; one that does not listen is ended by force."""
        if self._process.is_alive() and time.monotonic() < self._killed_at:
            return False
        self._process.kill()
        self._process.join()
        self.pipe.close()
        self._process.close()
        return True


def _serve(pipe: Connection) -> None:
    """Do tasks until the parent is gone or asks to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent decides what ends
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def tell(what: str, seconds: float | None = None) -> None:
        pipe.send((AT, (what, seconds)))

    work: Work | None = None
    with (
        open(os.devnull, "wb") as nowhere,
        suppress(EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt),
    ):
        while True:
            try:
                changed, payload, seconds = pipe.recv()  # fails for work that cannot be loaded here
                work = changed or work
                assert work is not None
                # Should the parent be gone and C code hold the interpreter, nothing else would end this process.
                faulthandler.dump_traceback_later(min(seconds, LONGEST_S) + 3 * GRACE_S, exit=True, file=nowhere)
                answer = (DONE, work(payload, tell))
            except Exception as error:  # noqa: BLE001 - one submission's fault must not cost the others their worker
                answer = (FAILED, f"the grader itself failed: {type(error).__name__}: {error}")
            faulthandler.cancel_dump_traceback_later()
            pipe.send(answer)  # fails where the parent is gone, be it the reason or not


def _end_with_parent() -> None:
    """End when the parent has ended, as if it had asked: killed itself, it could not."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os.kill(os.getpid(), signal.SIGKILL if os.name == "posix" else signal.SIGTERM)


def _leave(_number: int, _frame: object) -> None:
    """End as by an exception, so that everything that is open is closed on the way."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough, also while closing
    raise SystemExit(128 + signal.SIGTERM)


def _how(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        return f"its worker was ended by {name}" + (", as by a lack of memory" if name == "SIGKILL" else "")
    return f"its worker ended with status {exit_code}"
