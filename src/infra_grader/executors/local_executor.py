"""Workers on this machine: processes that live on from one submission to the next, and are replaced when lost."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from infra_grader.capabilities.executor import Done, ExecutorKind, Lost, Task, Work
from infra_grader.errors import UsageError
from infra_grader.plugin import hookimpl

GRACE_S = 10.0
"""How long a worker that is asked to end may take to remove what it has opened."""
LIVES = 100
"""Tasks after which a worker is replaced, so that its memory does not grow with the class."""
AT, DONE, FAILED = "at", "done", "failed"


class Local:
    """A number of worker processes."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        # Not a fork: the parent holds the journal, and a child must inherit neither its lock nor its database.
        self._context = multiprocessing.get_context("spawn")
        self._live: list[_Worker] = []

    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[Done | Lost]:
        """Yield how each task ended; see `Executor`."""
        waiting = iter(tasks)
        is_over = False
        while True:
            while not is_over and (free := self._free(work)) is not None:
                task = next(waiting, None)
                if task is None:
                    is_over = True
                else:
                    free.give(task)
            busy = [worker for worker in self._live if worker.task is not None]
            if not busy:
                return
            yield from self._collect(busy)

    def close(self) -> None:
        """End the workers; see `Executor`."""
        for worker in self._live:
            worker.ask_to_end()
        for worker in self._live:
            worker.end()
        self._live.clear()

    def _free(self, work: Work) -> _Worker | None:
        """Return a worker without a task, a new one if need be; `None` if all are busy."""
        for worker in self._live:
            if worker.task is None and worker.lives:
                return worker
        for worker in [worker for worker in self._live if worker.task is None]:
            worker.end()
            self._live.remove(worker)
        if len(self._live) < self._workers:
            self._live.append(_Worker(self._context, work))
            return self._live[-1]
        return None

    def _collect(self, busy: Sequence[_Worker]) -> Iterator[Done | Lost]:
        """Yield what has ended, waiting until something has or somebody's time is up."""
        soonest = min(worker.until for worker in busy)
        ready = wait([worker.pipe for worker in busy], max(0.0, soonest - time.monotonic()))
        for worker in busy:
            ended = worker.read() if worker.pipe in ready else worker.overrun()
            if isinstance(ended, Lost):
                worker.end()
                self._live.remove(worker)
            if ended is not None:
                yield ended


class _Worker:
    """One worker process, seen from the parent."""

    def __init__(self, context: Any, work: Work) -> None:
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, work), name="infra-grader worker", daemon=False)
        self._process.start()
        theirs.close()
        self.task: Task | None = None
        self.lives = LIVES
        self.until = 0.0
        self._at = ""

    def give(self, task: Task) -> None:
        """Let it begin a task. One that has just died is noticed when its answer is read."""
        self.task, self._at = task, ""
        self.lives -= 1
        self.until = time.monotonic() + task.seconds
        with suppress(OSError):
            self.pipe.send(task.payload)

    def read(self) -> Done | Lost | None:
        """Return how the task ended, or `None` if the worker has only said what it is at."""
        assert self.task is not None
        try:
            kind, value = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join(GRACE_S)
            return Lost(task=self.task, at=self._at, reason=_how(self._process.exitcode))
        if kind == AT:
            self._at = value
            return None
        task, self.task = self.task, None
        if kind == FAILED:
            return Lost(task=task, at=self._at, reason=value)
        return Done(task=task, value=value)

    def overrun(self) -> Lost | None:
        """Return the task as lost if its time is up."""
        if self.task is None or time.monotonic() < self.until:
            return None
        reason = f"it took more than {self.task.seconds:g} s"
        return Lost(task=self.task, at=self._at, reason=reason, is_overrun=True)

    def ask_to_end(self) -> None:
        """Ask it to end, which closes what it has opened."""
        self._process.terminate()

    def end(self) -> None:
        """End it: by asking, and by force where it does not listen."""
        self.ask_to_end()
        self._process.join(GRACE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self.pipe.close()
        self._process.close()


def _serve(pipe: Connection, work: Work) -> None:
    """Do tasks until the parent is gone or asks to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent decides what ends
    signal.signal(signal.SIGTERM, _leave)

    def tell(what: str) -> None:
        pipe.send((AT, what))

    with suppress(EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        while True:
            payload = pipe.recv()
            try:
                answer = (DONE, work(payload, tell))
            except Exception as error:  # noqa: BLE001 - one submission's fault must not cost the others their worker
                answer = (FAILED, f"the grader itself failed: {type(error).__name__}: {error}")
            pipe.send(answer)


def _leave(_number: int, _frame: object) -> None:
    """End as by an exception, so that everything that is open is closed on the way."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough, also while closing
    raise SystemExit(128 + signal.SIGTERM)


def _how(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        return f"its worker was ended by {name}" + (", as by a lack of memory" if name == "SIGKILL" else "")
    return f"its worker ended with status {exit_code}"


def open_local(address: str, workers: int) -> Local:
    """Return workers on this machine. Raises `UsageError` for an address, which there is none of."""
    if address:
        raise UsageError("--executor local takes no address", "Write --executor local.")
    return Local(workers)


@hookimpl
def infra_grader_executors() -> Sequence[ExecutorKind]:
    """Give the local executor."""
    return [ExecutorKind(name="local", summary="worker processes on this machine", open=open_local)]
