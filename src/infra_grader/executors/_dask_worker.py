"""What happens on a Dask worker: tasks are done in processes beside it, which may hang, crash or be killed.

This module is imported where `distributed` is installed, and only there.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import platform
import threading
import time
from collections import deque
from typing import Any, cast

import msgspec
from dask.typing import Key
from distributed import WorkerPlugin, get_worker

from infra_grader import __version__
from infra_grader.capabilities.executor import Done, Lost, Survey, Task, Work
from infra_grader.executors.local_executor import Local
from infra_grader.model.record import Record

NAME = "infra-grader"
"""Of the plugin, in a Dask worker."""
IDLE_S = 60.0
"""How long a process waits for its next task before it is ended."""
SURVEY_S = 120.0
"""How long a machine may take to find out what it has."""


class Facts(Record):
    """What a Dask worker says of itself."""

    versions: dict[str, str]
    offers: frozenset[str] = frozenset()


class Hands(WorkerPlugin):
    """The processes of one Dask worker, as many as it does tasks at a time."""

    name = NAME

    def setup(self, worker: Any) -> None:  # noqa: ARG002 - Dask calls it by this name
        """Begin without a process: the first task starts one."""
        # A nanny starts its worker as a daemon, which may have no children; ours are ended with it, whatever ends it.
        multiprocessing.current_process().daemon = False
        self._lock = threading.Lock()
        self._idle: deque[tuple[float, Local]] = deque()
        self._busy: dict[Key, Local] = {}
        self._gone: set[Key] = set()
        self._keeper = asyncio.create_task(self._end_idle())

    def do(self, key: Key, work: Work, task: Task) -> Done | Lost:
        """Do a task in a process; called in the thread that Dask has for it."""
        with self._lock:
            local = self._idle.pop()[1] if self._idle else Local(1)
            self._busy[key] = local
            if key in self._gone:
                local.stop()
        try:
            (ended,) = local.run(work, [task.replace(needs=())])
        finally:
            with self._lock:
                del self._busy[key]
                is_stopped = key in self._gone
                self._gone.discard(key)
                if not is_stopped:
                    self._idle.append((time.monotonic(), local))
            if is_stopped:
                local.close()
        return ended

    def transition(self, key: Key, start: str, finish: str, **_: Any) -> None:
        """End the process of a task that nobody wants any more. Dask itself lets it go on to its end."""
        if (start, finish) == ("executing", "released") and str(key).startswith(NAME):
            with self._lock:
                self._gone.add(key)
                if local := self._busy.get(key):
                    local.stop()

    async def teardown(self, worker: Any) -> None:  # noqa: ARG002 - the same
        """End all processes, since the worker ends."""
        self._keeper.cancel()
        with self._lock:
            idle, busy = [local for _, local in self._idle], list(self._busy)
            self._idle.clear()
            for key in busy:
                self._gone.add(key)
                self._busy[key].stop()
        await asyncio.gather(*(asyncio.to_thread(local.close) for local in idle))

    async def _end_idle(self) -> None:
        while True:
            await asyncio.sleep(IDLE_S / 4)
            with self._lock:
                ended = []
                while self._idle and time.monotonic() - self._idle[0][0] > IDLE_S:
                    ended.append(self._idle.popleft()[1])
            for local in ended:
                await asyncio.to_thread(local.close)


def versions() -> dict[str, str]:
    """Return what must be the same on both sides."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"Python": python, "infra-grader": __version__, "msgspec": msgspec.__version__}


async def introduce(find: Survey | None, dask_worker: Any) -> Facts:
    """Let a Dask worker get ready, and say what it is and has."""
    if NAME not in dask_worker.plugins:
        await dask_worker.plugin_add(plugin=Hands(), name=NAME, catch_errors=False)
    if find is None:
        return Facts(versions=versions())
    offers = await asyncio.wait_for(asyncio.to_thread(find), SURVEY_S)
    return Facts(versions=versions(), offers=frozenset(offers))


def do_task(work: Work, task: Task) -> Done | Lost:
    """Do a task on the Dask worker that this is called on, which has introduced itself."""
    worker = get_worker()
    return cast("Hands", worker.plugins[NAME]).do(worker.get_current_task(), work, task)
