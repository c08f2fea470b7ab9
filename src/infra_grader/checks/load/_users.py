"""Users who ask a service at the same time, each in a thread of the grader's, and what they saw."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from infra_grader.capabilities.asked_service import AskedService
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.http import Answer, Client, NoAnswer, Request
from infra_grader.plugin import NotAssessed, Params

WORK_S = 0.2
GRACE_S = 5.0


class Load(Params):
    """How much is asked."""

    users: int
    requests: int
    """In all, if there is time for them."""
    seconds: float
    answer_s: float
    """Time for each answer."""


class Seen(Params):
    """What the users saw."""

    times: list[float]
    """Seconds of each right answer, rising."""
    wrong: dict[str, int]
    """How many others there were, by what came."""
    ignored: int
    seconds: float
    """From the first request to the last answer."""

    @property
    def share_wrong(self) -> float:
        """Which share of the answers that count was wrong."""
        wrong = sum(self.wrong.values())
        return wrong / max(1, wrong + len(self.times))

    def percentile(self, percent: float) -> float:
        """Return the milliseconds within which so many percent of the right answers came."""
        if not self.times:
            return math.inf
        return 1000 * self.times[max(0, math.ceil(percent / 100 * len(self.times)) - 1)]


class _Crowd:
    """The users of one load, and what they have seen so far."""

    def __init__(
        self, requests: Sequence[Request], load: Load, statuses: frozenset[int], ignored: frozenset[int]
    ) -> None:
        self.requests = requests
        self.load = load
        self.statuses = statuses
        self.ignored = ignored
        self.numbers = itertools.count()
        self.times: list[float] = []
        self.wrong: Counter[str] = Counter()
        self.left_out: list[int] = []
        self.verdicts: list[NotAssessed] = []

    def use(self, client: Client, until: Deadline) -> None:
        """Be one user, until the requests or the time are over."""
        try:
            while until.remaining() > 0 and (number := next(self.numbers)) < self.load.requests:
                seconds = min(self.load.answer_s, until.remaining())
                try:
                    self.note(client.ask(self.requests[number % len(self.requests)], seconds))
                except NoAnswer as error:
                    # One that was cut off by the end of the load is no answer, and none that is missing.
                    if not (error.is_late and seconds < self.load.answer_s):
                        self.wrong[error.reason] += 1
        except NotAssessed as verdict:
            self.verdicts.append(verdict)
        finally:
            client.close()

    def note(self, answer: Answer) -> None:
        """Count an answer."""
        if answer.status in self.ignored:
            self.left_out.append(answer.status)
        elif answer.status in self.statuses:
            self.times.append(answer.seconds)
        else:
            self.wrong[f"status {answer.status}"] += 1


def put_under_load(
    open_client: Callable[[], Client],
    requests: Sequence[Request],
    load: Load,
    statuses: frozenset[int],
    ignored: frozenset[int],
    deadline: Deadline,
) -> Seen:
    """Let users ask at the same time, each one request after another, and return what they saw.

    The end comes with the requests or with the time, whichever is first; answers are waited for no longer than that.
    """
    until = Deadline(min(load.seconds, deadline.remaining()))
    crowd = _Crowd(requests, load, statuses, ignored)
    clients = [open_client() for _ in range(load.users)]
    threads = [threading.Thread(target=crowd.use, args=(client, until), daemon=True) for client in clients]
    began = until.remaining()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(until.remaining() + GRACE_S)
    deadline.check()
    if crowd.verdicts:
        raise crowd.verdicts[0]
    return Seen(
        times=sorted(crowd.times),
        wrong=dict(crowd.wrong),
        ignored=len(crowd.left_out),
        seconds=began - until.remaining(),
    )


def slowness() -> float:
    """Return how many times longer than alone something takes on this machine at this moment: 1 where it is idle."""
    began, used = time.perf_counter(), time.thread_time()
    while time.thread_time() - used < WORK_S:
        pass
    return max(1.0, (time.perf_counter() - began) / WORK_S)


def cost_of_the_way(service: AskedService, requests: Sequence[Request], load: Load, deadline: Deadline) -> Seen:
    """Return what users see of a service of ours that does nothing, as far away as the learner's.

    What it costs is the way and this machine; the learner's code is not there to change it.
    """
    with service.idle(deadline) as (connect, port):
        statuses = frozenset({200})
        return put_under_load(lambda: Client(connect, port), requests, load, statuses, frozenset(), deadline)
