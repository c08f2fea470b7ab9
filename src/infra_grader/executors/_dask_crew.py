"""The workers of a Dask cluster that tasks may be given to: they run the same grader, and say what they have."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, cast

from infra_grader.capabilities.executor import Survey
from infra_grader.errors import UsageError
from infra_grader.executors._dask_worker import Facts, introduce, versions

POLL_S = 1.0
"""How often to look who has joined, and who has gone."""
SAME = (
    "Install the same version of infra-grader, with the same Python and msgspec, on every worker of the cluster: "
    "see docs/dask.md."
)
START = "Start some with `dask worker ADDRESS`; how long to wait is said by DASK_INFRA_GRADER__WAIT_FOR_WORKERS=1h."

AGAIN = "What is done is kept: start the scheduler and its workers, and run the same command again."


class Crew:
    """Who of a cluster can be given tasks."""

    def __init__(self, client: Any, wait_s: float) -> None:
        self.say: Callable[[str], object] = lambda _text: None
        self._client = client
        self._address = client.scheduler.address
        self._wait_s = wait_s
        self._find: Survey | None = None
        self._facts: dict[str, Facts] = {}
        self._unfit: dict[str, str] = {}
        """Why a worker is not used, by its address."""
        self._threads: Mapping[str, int] = {}
        self._looked_at = 0.0
        self._alone_since: float | None = None
        self._has_begun = False

    @property
    def slots(self) -> int:
        """How many tasks can be done at a time."""
        return sum(self._threads[address] for address in self._facts)

    def survey(self, find: Survey) -> Mapping[str, frozenset[str]]:
        """Ask everybody what they have, and newcomers as they come; return it by address."""
        self._find = find
        self._facts.clear()
        self.gather()
        return {address: facts.offers for address, facts in self._facts.items()}

    def gather(self) -> None:
        """Wait for workers. Raises `UsageError` if none come, or if some are there and do not fit."""
        self.look()
        while not self._facts:
            self._refuse_unfit()
            time.sleep(POLL_S)
            self.look()
        if not self._has_begun:  # later on, those who do not fit are left aside
            self._refuse_unfit()
        self._has_begun = True

    def look(self) -> None:
        """Look who has joined and who has gone.

        Raises `UsageError` when there was nobody for too long, or when the scheduler has gone for good.
        """
        self._looked_at = time.monotonic()
        if (threads := self._ask()) is None:
            return
        self._threads = threads
        self._facts = {address: facts for address, facts in self._facts.items() if address in self._threads}
        self._unfit = {address: why for address, why in self._unfit.items() if address in self._threads}
        if newcomers := sorted(self._threads.keys() - self._facts.keys() - self._unfit.keys()):
            self._meet(newcomers)
        self._threads = {address: threads for address, threads in self._threads.items() if address in self._facts}
        if self._facts:
            self._alone_since = None
        else:
            self._wait()

    def look_again(self) -> bool:
        """Look, if the last time was a while ago; return whether it was."""
        if time.monotonic() - self._looked_at < POLL_S:
            return False
        self.look()
        return True

    def able(self, needs: Iterable[str]) -> list[str]:
        """Return the addresses of those who have all of this. Raises `UsageError` if nobody has."""
        wanted = frozenset(needs)
        found = [address for address, facts in self._facts.items() if wanted <= facts.offers]
        if not found and self._facts:
            lacking = ", ".join(sorted(wanted - frozenset().union(*(facts.offers for facts in self._facts.values()))))
            raise UsageError(
                f"no worker of the Dask cluster has {lacking or ' and '.join(sorted(wanted))}",
                "Start one on a machine that has it: infra-grader doctor says there what is missing.",
            )
        return found

    def are_gone(self, addresses: Iterable[str]) -> bool:
        """Whether nobody of these is there any more."""
        return self._threads.keys().isdisjoint(addresses)

    def doubt(self, addresses: Iterable[str]) -> None:
        """Ask these anew who they are: a task went wrong there, and they may have been started again."""
        for address in addresses:
            self._facts.pop(address, None)
        self.look()

    def gone(self) -> UsageError:
        """Return what to raise when the scheduler has gone for good."""
        return UsageError(f"the Dask scheduler at {self._address} has gone", AGAIN)

    def _ask(self) -> Mapping[str, int] | None:
        """Return who is there, each with its threads, or `None` while the scheduler does not answer."""
        with suppress(OSError, AttributeError):  # a client that has just given up has no scheduler to ask
            return cast("Mapping[str, int]", self._client.nthreads())
        if self._client.status == "closed":
            raise self.gone()
        time.sleep(POLL_S)  # the client tries to find it again, for as long as it may take to connect
        return None

    def _refuse_unfit(self) -> None:
        if self._unfit:
            listed = "; ".join(f"{address} {why}" for address, why in sorted(self._unfit.items()))
            raise UsageError(f"not every worker of the Dask cluster runs this grader: {listed}", SAME)

    def _meet(self, newcomers: list[str]) -> None:
        answers = self._client.run(introduce, self._find, workers=newcomers, on_error="return")
        ours = versions()
        for address, answer in answers.items():
            if isinstance(answer, OSError):
                continue  # it has gone in the meantime, or is asked again
            why = _unlike(ours, answer) if isinstance(answer, Facts) else f"cannot run it: {answer}"
            if not why:
                self._facts[address] = answer
            else:
                self._unfit[address] = why
                self.say(f"The Dask worker {address} is not used: it {why}.")

    def _wait(self) -> None:
        now = time.monotonic()
        if self._alone_since is None:
            self._alone_since = now
            self.say(f"The Dask cluster has no workers: waiting up to {self._wait_s:g} s for one. {START}")
        if now - self._alone_since > self._wait_s:
            raise UsageError(f"the Dask cluster has had no workers for {self._wait_s:g} s", START)


def _unlike(ours: Mapping[str, str], facts: Facts) -> str:
    """Return in what a worker differs from us, or nothing."""
    differing = [name for name in ours if facts.versions.get(name) != ours[name]]
    return " and ".join(f"has {name} {facts.versions.get(name)} and not {ours[name]}" for name in differing)
