"""The tasks that are in a Dask cluster, each until it is answered, whatever becomes of the workers."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from distributed import KilledWorker
from distributed.client import ClosedClientError

from infra_grader.capabilities.executor import Done, Lost, Task, Work
from infra_grader.executors._dask_crew import POLL_S, Crew
from infra_grader.executors._dask_worker import NAME, do_task

TRIES = 3
"""How often a task is given out that comes to nothing for a reason of the cluster's own."""
RESULT_S = 30.0
"""How long an answer may be under way, once it is there."""


class _Given(NamedTuple):
    """A task in the cluster."""

    task: Task
    tries: int
    workers: frozenset[str]
    future: Any


class Flow:
    """Tasks under way. Each that is given is answered once."""

    def __init__(self, client: Any, crew: Crew, work: Work) -> None:
        self._client = client
        self._crew = crew
        self._work = work
        self._given: dict[str, _Given] = {}
        self._waiting: list[tuple[Task, int]] = []
        """Tasks that nobody is there for, each with how often it was given out."""
        self._settled: SimpleQueue[str] = SimpleQueue()

    def __len__(self) -> int:
        return len(self._given) + len(self._waiting)

    def give(self, task: Task, tries: int = 1) -> None:
        """Give a task to whoever is able. Raises `UsageError` if somebody is there, but nobody who is able."""
        able = self._crew.able(task.needs)
        if not able:
            self._waiting.append((task, tries))
            return
        key = f"{NAME}-{secrets.token_hex(8)}"  # a key of its own each time, so that no answer is taken for another
        future = self._client.submit(do_task, self._work, task, key=key, pure=False, workers=able)
        self._given[key] = _Given(task, tries, frozenset(able), future)
        future.add_done_callback(self._settler(key))

    def next(self) -> Done | Lost | None:
        """Return how one of them ended, or `None` if none has for a moment. Raises `UsageError` as `Crew.look` does."""
        if self._crew.look_again() and (lost := self._mend()):
            return lost
        try:
            key = self._settled.get(timeout=POLL_S)
        except Empty:
            return None
        given = self._given.pop(key, None)
        return given and self._answer(given)

    def cancel(self) -> None:
        """Take everything back."""
        futures = [given.future for given in self._given.values()]
        self._given.clear()
        self._waiting.clear()
        if futures:
            with suppress(OSError, ClosedClientError):  # the scheduler is gone, and they with it
                self._client.cancel(futures)

    def _settler(self, key: str) -> Callable[[object], None]:
        return lambda _future: self._settled.put(key)

    def _answer(self, given: _Given) -> Done | Lost | None:
        try:
            ended: Done | Lost = given.future.result(timeout=RESULT_S)
        except KilledWorker as error:
            times = error.allowed_failures + 1
            return Lost(task=given.task, at="", reason=f"{times} Dask workers were lost that were to do it")
        except Exception as error:  # noqa: BLE001 - work raises nothing: it is the cluster's fault
            return self._again(given, f"{type(error).__name__}: {error}")
        return ended.replace(task=given.task)

    def _again(self, given: _Given, why: str) -> Lost | None:
        """Give a task out again, unless that was done often enough."""
        if given.tries >= TRIES:
            return Lost(task=given.task, at="", reason=f"the Dask cluster failed at it {TRIES} times: {why}")
        self._crew.doubt(given.workers)
        self.give(given.task, given.tries + 1)
        return None

    def _mend(self) -> Lost | None:
        """Give out again what waits for workers that are gone; return one task that this was done to too often."""
        waiting, self._waiting = self._waiting, []
        for task, tries in waiting:
            self.give(task, tries)
        for key, given in list(self._given.items()):
            if self._crew.are_gone(given.workers) and not given.future.done():
                del self._given[key]
                self._client.cancel([given.future])
                if lost := self._again(given, "the workers that were to do it are gone"):
                    return lost
        return None
