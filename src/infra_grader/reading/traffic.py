"""Requests of ours that a service has something to tell of: its metrics count them, its log holds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from infra_grader.capabilities.http import Answer, Client, NoAnswer, Request
from infra_grader.model.outcome import CheckFailed, Evidence, EvidenceKind
from infra_grader.plugin import Context
from infra_grader.reading.asked_request import Asked, build_requests

NO_ROUTE = frozenset({404, 405, 501})
ANSWER_S = 10.0


class Sent(NamedTuple):
    """A request and its answer."""

    request: Request
    answer: Answer


def send(
    context: Context,
    client: Client,
    requests: Sequence[Asked],
    times: int,
    change: Callable[[Request], Request] = lambda request: request,
) -> list[Sent]:
    """Send each request so many times, at the first of its paths that is known, and return what was answered.

    `change` makes of each what is sent. Raises `CheckFailed` where nothing is answered.
    """
    sent: list[Sent] = []
    reason = "no answer"
    for number, asked in enumerate(requests):
        place = 0
        for n in range(times):
            variants = list(build_requests(context, asked, {}, f"{context.seed} {number} {n}"))
            while place < len(variants):
                context.deadline.check()
                request = change(variants[place])
                try:
                    answer = client.ask(request, min(ANSWER_S, context.deadline.remaining()))
                except NoAnswer as error:
                    reason = error.reason
                    break
                if answer.status not in NO_ROUTE or place + 1 == len(variants):
                    sent.append(Sent(request, answer))
                    break
                place += 1
    if requests and not sent:
        context.deadline.check()
        first = requests[0]
        raise CheckFailed(
            f"The service answers none of our requests: {reason}.",
            Evidence(
                kind=EvidenceKind.HTTP, path=f"{first.method} {first.paths[0]}", expected="an answer", actual=reason
            ),
        )
    return sent
