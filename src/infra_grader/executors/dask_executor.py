"""Workers of a Dask cluster: on other machines, or started here where no address is given."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from infra_grader.capabilities.executor import Done, ExecutorKind, Lost, Survey, Task, Work
from infra_grader.errors import UsageError
from infra_grader.plugin import hookimpl

if TYPE_CHECKING:
    from infra_grader.executors._dask_crew import Crew

AHEAD = 2
"""Tasks in the cluster for each that can be done at a time: workers do not wait for us, nor tasks in the scheduler."""
CONNECT_S = 15.0
WAIT = "infra-grader.wait-for-workers"
"""The place in Dask's configuration that says how long a cluster may be without workers."""
ADDRESS = re.compile(r"((tcp|tls|ws|wss|ucx)://)?([^\s/:]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}/?")
WRITE = (
    "Write --executor dask=tcp://HOST:8786 (or tls://), as `dask scheduler` says it, or dask alone for this machine."
)
UNREACHED = (
    "Look whether `dask scheduler` runs there, and whether a firewall or a TLS setting is in the way: docs/dask.md."
)


class Dask:
    """A Dask cluster."""

    def __init__(self, client: Any, crew: Crew, closing: ExitStack) -> None:
        self._client = client
        self._crew = crew
        self._closing = closing

    @property
    def say(self) -> Callable[[str], object]:
        """See `Executor`."""
        return self._crew.say

    @say.setter
    def say(self, say: Callable[[str], object]) -> None:
        self._crew.say = say

    def survey(self, find: Survey) -> Mapping[str, frozenset[str]]:
        """Ask each worker what its machine has; see `Executor`."""
        return self._crew.survey(find)

    def run(self, work: Work, tasks: Iterable[Task]) -> Iterator[Done | Lost]:
        """Yield how each task ended; see `Executor`."""
        from distributed.client import ClosedClientError

        from infra_grader.executors._dask_flow import Flow

        waiting = iter(tasks)
        self._crew.gather()
        flow = Flow(self._client, self._crew, work)
        try:
            while True:
                room = max(1, AHEAD * self._crew.slots) - len(flow)
                for task in itertools.islice(waiting, max(0, room)):
                    flow.give(task)
                if not len(flow):
                    return
                if (ended := flow.next()) is not None:
                    yield ended
        except ClosedClientError as error:
            raise self._crew.gone() from error
        finally:
            flow.cancel()

    def close(self) -> None:
        """Take back what is not done, and leave the cluster; see `Executor`."""
        self._closing.close()


def open_dask(address: str, workers: int) -> Dask:
    """Return a way to the cluster whose scheduler has this address, or to one on this machine with so many workers.

    Raises `UsageError` where there is no such cluster.
    """
    if address and not ADDRESS.fullmatch(address):
        raise UsageError(f"{address} is no address of a Dask scheduler", WRITE)
    try:  # imported on use: it takes half a second, and few need it
        import dask
        from distributed import Client, LocalCluster

        from infra_grader.executors._dask_crew import Crew
    except ImportError as error:
        raise UsageError(f"--executor dask cannot be used: {error}", "pip install 'infra-grader[dask]'") from error
    with ExitStack() as opening:
        if not address:
            options = {
                "n_workers": workers,
                "threads_per_worker": 1,
                "memory_limit": 0,
                "host": "127.0.0.1",
                # No pages about it, and what else the scheduler serves is for loopback, at any port.
                "dashboard_address": None,
                "scheduler_kwargs": {"dashboard_address": "127.0.0.1:0"},
            }
            cluster = opening.enter_context(LocalCluster(**options))  # type: ignore[no-untyped-call]
            address = cluster.scheduler_address
        try:
            client = Client(address, timeout=CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, TypeError, ValueError, RuntimeError) as error:
            raise UsageError(f"the Dask scheduler at {address} cannot be reached: {error}", UNREACHED) from error
        opening.callback(client.close)
        wait_s = float(dask.utils.parse_timedelta(dask.config.get(WAIT, "5 minutes")))
        return Dask(client, Crew(client, wait_s), opening.pop_all())


@hookimpl
def infra_grader_executors() -> Sequence[ExecutorKind]:
    """Give the Dask executor."""
    summary = "a Dask cluster: dask=ADDRESS of its scheduler, or dask alone for one on this machine"
    return [ExecutorKind(name="dask", summary=summary, open=open_dask)]
