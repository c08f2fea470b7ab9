"""A plan to outcomes: the only stage that meets learner work.

Kinds that only read run one after another in this thread; kinds that wait run beside them, each in a thread.
The outcomes do not depend on the order or the number of threads.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from graphlib import TopologicalSorter

from infra_grader.capabilities.deadline import Deadline
from infra_grader.engine.ask import Session, ask, not_assessed, overrun
from infra_grader.engine.plan import Plan
from infra_grader.engine.score import judge
from infra_grader.model.outcome import ZERO, Outcome, Status
from infra_grader.model.rubric import CheckSpec
from infra_grader.plugin import CheckKind

WORKERS = 4
"""Checks that wait at the same time; they use other processes, so more than there are cores."""
MORE_TIME = "Allow the submission more time."
GRACE_S = 5.0
"""How long a check that waits may take to notice that its time is up, before it is left behind."""

Observe = Callable[[CheckSpec, Outcome], None]
Begin = Callable[[CheckSpec, float], object]


def run(
    plan: Plan,
    session: Session,
    observe: Observe,
    workers: int = WORKERS,
    meanwhile: Callable[[], object] = tuple,
    *,
    begin: Begin = lambda _check, _seconds: None,
    settled: Mapping[str, Outcome] = {},
    until: Deadline | None = None,
) -> Mapping[str, Outcome]:
    """Run the checks of a plan and return an outcome for each, in the plan's order.

    `observe` sees each outcome as soon as it stands, and `begin` each check that only reads before it runs, with the
    seconds that it may take. `meanwhile` is called at most once, as soon as this thread has nothing to do but wait.
    Checks whose outcome is `settled` are not run, and none is begun after `until`. Raises nothing but what ends the
    whole run.
    """
    outcomes = _Run(plan, session, observe, workers, meanwhile, begin, settled, until).to_the_end()
    return {check.id: outcomes[check.id] for check in plan.checks}


class _Run:
    def __init__(
        self,
        plan: Plan,
        session: Session,
        observe: Observe,
        workers: int,
        meanwhile: Callable[[], object],
        begin: Begin,
        settled: Mapping[str, Outcome],
        until: Deadline | None,
    ) -> None:
        self.plan = plan
        self.session = session
        self.observe = observe
        self.workers = workers
        self.meanwhile = meanwhile
        self.begin = begin
        self.settled = settled
        self.until = until
        self.checks = {check.id: check for check in plan.checks}
        self.places = {check.id: place for place, check in enumerate(plan.checks)}
        self.sorter = TopologicalSorter({check.id: check.needs for check in plan.checks})
        self.outcomes: dict[str, Outcome] = {}
        self.reading: list[tuple[CheckSpec, CheckKind]] = []
        self.waiting: list[tuple[CheckSpec, CheckKind]] = []
        self.running: dict[str, Deadline] = {}
        self.ended: queue.SimpleQueue[tuple[str, Outcome]] = queue.SimpleQueue()

    def to_the_end(self) -> Mapping[str, Outcome]:
        self.sorter.prepare()
        while self.sorter.is_active():
            self._take_ready()
            self._drop_what_is_too_late()
            self._start_waiting()
            if self.reading:
                check, kind = self.reading.pop(0)
                deadline = Deadline(self.session.limit(check, kind))
                self.begin(check, deadline.seconds)
                self._settle(check, judge(check, ask(check, kind, self.session, deadline)))
                self._collect(timeout=0)
            elif self.running:
                self.meanwhile()
                self.meanwhile = tuple
                self._collect(timeout=0.5)
        return self.outcomes

    def _take_ready(self) -> None:
        for check_id in sorted(self.sorter.get_ready(), key=self.places.__getitem__):
            check = self.checks[check_id]
            settled = self._without_running(check)
            if settled is not None:
                self._settle(check, settled)
                continue
            kind = self.session.find_kind(check.uses)
            (self.waiting if kind.waits else self.reading).append((check, kind))

    def _without_running(self, check: CheckSpec) -> Outcome | None:
        """Return the outcome of a check that need not run: settled, left out, blocked, or waiting for an open one."""
        if check.id in self.settled:
            return self.settled[check.id]
        if check.id not in self.plan.chosen:
            return not_assessed("Left out of this run by --only.", "Run without --only to assess it.")
        return held_back(check, self.outcomes)

    def _drop_what_is_too_late(self) -> None:
        """Settle what was not begun before the submission's time was up."""
        if self.until is None or self.until.remaining():
            return
        for check, _ in [*self.reading, *self.waiting]:
            seconds = f"{self.until.seconds:g} s"
            self._settle(check, not_assessed(f"Not begun: the submission had used up its {seconds}.", MORE_TIME))
        self.reading, self.waiting = [], []

    def _start_waiting(self) -> None:
        while self.waiting and len(self.running) < self.workers:
            check, kind = self.waiting.pop(0)
            deadline = Deadline(self.session.limit(check, kind))
            self.running[check.id] = deadline
            self.session.tell(check, "running")

            def work(check: CheckSpec = check, kind: CheckKind = kind, deadline: Deadline = deadline) -> None:
                self.ended.put((check.id, ask(check, kind, self.session, deadline)))

            # A daemon, so that one which never ends cannot keep the grader from ending.
            threading.Thread(target=work, name=check.id, daemon=True).start()

    def _collect(self, timeout: float) -> None:
        """Settle the waiting checks that have ended, and leave those behind that ignore their deadline."""
        until = time.monotonic() + timeout
        while self.running:
            try:
                check_id, outcome = self.ended.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            until = 0.0
            if self.running.pop(check_id, None) is not None:
                self._settle(self.checks[check_id], judge(self.checks[check_id], outcome))
        now = time.monotonic()
        for check_id, deadline in list(self.running.items()):
            if deadline.passed_by(now) > GRACE_S:
                del self.running[check_id]
                self._settle(self.checks[check_id], overrun(self.checks[check_id], deadline.seconds))

    def _settle(self, check: CheckSpec, outcome: Outcome) -> None:
        self.outcomes[check.id] = outcome
        if outcome.provides:
            self.session.handles[check.id] = dict(outcome.provides)
        self.observe(check, outcome)
        self.sorter.done(check.id)


def held_back(check: CheckSpec, outcomes: Mapping[str, Outcome]) -> Outcome | None:
    """Return the outcome of a check whose needs keep it from running, else `None`.

    It is blocked if one of them failed or is blocked, and names the first cause; it is open if one is open.
    """
    for need in check.needs:
        outcome = outcomes[need]
        if not outcome.status.satisfies and not outcome.status.is_open:
            cause = outcome.blocked_by or need
            return Outcome(
                status=Status.BLOCKED, fraction=ZERO, message=f"Not looked at until {cause} passes.", blocked_by=cause
            )
    for need in check.needs:
        if outcomes[need].status.is_open:
            cause = outcomes[need].blocked_by or need
            return not_assessed(f"Waits for {cause}, which is open.", outcomes[need].remedy).replace(blocked_by=cause)
    return None
