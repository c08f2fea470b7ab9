"""What a running service answers to requests that are sent one after another, as something that can be kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import msgspec

from infra_grader.capabilities.asked_service import RunningService
from infra_grader.capabilities.http import Answer, Client, NoAnswer, Request
from infra_grader.capabilities.service import tail
from infra_grader.model.record import Record
from infra_grader.plugin import Context
from infra_grader.reading.running_service import asked


class Exchange(Record):
    """What came of one request."""

    answer: Answer | None = None
    silence: str = ""
    """What the service did instead of an answer, as a clause."""
    is_late: bool = False
    """Whether its time was up."""


class End(Record):
    """How the service is after the last request."""

    how: str
    """How it ended, as a clause; nothing if it still takes connections."""
    output: str
    """The end of what it printed; nothing while it lives."""
    is_claimed: bool
    """Whether what it says is only a claim, since no wall keeps it from the grader."""


class Conversation:
    """Requests to a service, and its answers; the service is only looked for when it is asked."""

    def __init__(self, context: Context, check_id: str, opened: ExitStack, *, fresh: bool) -> None:
        self._context = context
        self._check_id = check_id
        self._fresh = fresh
        self._opened = opened
        self._running: tuple[RunningService, Client] | None = None
        self._count = 0
        self._sent = hashlib.sha256(str(fresh).encode())

    def ask(self, request: Request, seconds: float) -> Answer:
        """Return the answer to a request that has so many seconds.

        Raises `NoAnswer`, `CheckFailed` for a service that does not start again, and `Overrun`.
        """
        self._count += 1
        self._sent.update(msgspec.json.encode((request, seconds)))  # what came before decides as well
        name = f"{self._count}: {request.line}"[:200]
        came = self._context.observe(name, Exchange, lambda: self._exchange(request, seconds), asked=self._asked)
        if came.answer is None:
            raise NoAnswer(came.silence, is_late=came.is_late)
        return came.answer

    def end(self) -> End:
        """Return how the service is now."""
        return self._context.observe("the end", End, self._end, asked=self._asked)

    @property
    def _asked(self) -> str:
        return self._sent.hexdigest()

    def _exchange(self, request: Request, seconds: float) -> Exchange:
        self._context.deadline.check()
        _, client = self._service()
        try:
            return Exchange(answer=client.ask(request, min(seconds, self._context.deadline.remaining())))
        except NoAnswer as error:
            self._context.deadline.check()
            return Exchange(silence=error.reason, is_late=error.is_late)

    def _end(self) -> End:
        running, _ = self._service()
        how = running.find_end()
        return End(how=how, output=tail(running.output) if how else "", is_claimed=running.is_claimed)

    def _service(self) -> tuple[RunningService, Client]:
        if self._running is None:
            self._running = self._opened.enter_context(asked(self._context, self._check_id, fresh=self._fresh))
        return self._running


@contextmanager
def conversation(context: Context, check_id: str, *, fresh: bool = False) -> Iterator[Conversation]:
    """Yield a conversation with the service that a check has started, for this check alone; see `asked`."""
    with ExitStack() as opened:
        yield Conversation(context, check_id, opened, fresh=fresh)
