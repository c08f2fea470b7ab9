"""Workers on this machine: processes that live on from one submission to the next, and are replaced when lost."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait

from infra_grader.capabilities.executor import Done, ExecutorKind, Lost, Survey, Task, Work
from infra_grader.errors import UsageError
from infra_grader.executors._worker import Worker
from infra_grader.plugin import hookimpl

HERE = "this machine"
DOCTOR = "infra-grader doctor says there what is missing."


class Local:
    """A number of worker processes."""

    def __init__(self, workers: int) -> None:
        self.say: Callable[[str], object] = lambda _text: None
        self._workers = workers
        self._offers: frozenset[str] = frozenset()
        self._bell, self._rope = Pipe(duplex=False)
        self._live: list[Worker] = []
        self._leaving: list[Worker] = []
        """Those that were asked to end: what they remove on their way costs the others no time."""

    def survey(self, find: Survey) -> Mapping[str, frozenset[str]]:
        """Return what this machine has; see `Executor`."""
        self._offers = frozenset(find())
        return {HERE: self._offers}

    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[Done | Lost]:
        """Yield how each task ended; see `Executor`."""
        waiting = iter(tasks)
        is_over = False
        while True:
            while not is_over and (free := self._free()) is not None:
                task = next(waiting, None)
                if task is None:
                    is_over = True
                else:
                    self._check(task)
                    free.give(work, task)
            if not any(worker.task for worker in self._live):
                self._wait_for_leaving()
                return
            yield from self._collect()

    def stop(self) -> None:
        """Let what runs end soon, as lost; for another thread. Only `close` is of use afterwards."""
        self._rope.send(None)

    def close(self) -> None:
        """End the workers; see `Executor`."""
        for worker in tuple(self._live):
            self._end(worker)
        self._wait_for_leaving()
        self._bell.close()
        self._rope.close()

    def _check(self, task: Task) -> None:
        """Raise `UsageError` if this machine does not have what a task needs."""
        if lacking := sorted(set(task.needs) - self._offers):
            raise UsageError(f"{HERE} does not have what {task.id} needs: {', '.join(lacking)}", DOCTOR)

    def _free(self) -> Worker | None:
        """Return a worker without a task, a new one if need be; `None` if all are busy."""
        for worker in [worker for worker in self._live if worker.task is None and not worker.lives]:
            self._end(worker)
        for worker in self._live:
            if worker.task is None:
                return worker
        if len(self._live) < self._workers:
            self._live.append(Worker())
            return self._live[-1]
        return None

    def _collect(self) -> Iterator[Done | Lost]:
        """Yield what has ended, waiting until something has or somebody's time is up."""
        busy = [worker for worker in self._live if worker.task is not None]
        ready = self._wait([self._bell, *(worker.pipe for worker in busy)])
        for worker in busy:
            ended = worker.read() if worker.pipe in ready else None
            ended = ended or (worker.given_up() if self._bell in ready else worker.overrun())
            if isinstance(ended, Lost):
                self._end(worker)
            if ended is not None:
                yield ended

    def _wait(self, pipes: Sequence[Connection] = ()) -> list[object]:
        """Wait until one of the pipes is ready, a worker has left, or somebody's time is up; return what is ready."""
        soonest = min((worker.until for worker in (*self._live, *self._leaving)), default=math.inf)
        left = None if soonest == math.inf else max(0.0, soonest - time.monotonic())
        ready = wait([*pipes, *(worker.sentinel for worker in self._leaving)], left)
        self._leaving = [worker for worker in self._leaving if not worker.has_ended()]
        return list(ready)

    def _end(self, worker: Worker) -> None:
        worker.ask_to_end()
        self._live.remove(worker)
        self._leaving.append(worker)

    def _wait_for_leaving(self) -> None:
        while self._leaving:
            self._wait()


def open_local(address: str, workers: int) -> Local:
    """Return workers on this machine. Raises `UsageError` for an address, which there is none of."""
    if address:
        raise UsageError("--executor local takes no address", "Write --executor local.")
    return Local(workers)


@hookimpl
def infra_grader_executors() -> Sequence[ExecutorKind]:
    """Give the local executor."""
    return [ExecutorKind(name="local", summary="worker processes on this machine", open=open_local)]
