"""The running service that a handle names, for the kinds that ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra_grader.capabilities.asked_service import AskedService, NotStarted, RunningService
from infra_grader.capabilities.http import Client
from infra_grader.capabilities.service import tail
from infra_grader.model.outcome import CheckFailed, Evidence, EvidenceKind, NotAssessed
from infra_grader.plugin import Context

HANDLE = "service"


def service_of(context: Context, check_id: str) -> AskedService:
    """Return the service that a check started. Raises `NotAssessed` if that check provides none."""
    key = context.handle(check_id).get(HANDLE)
    if key is None:
        raise NotAssessed(
            f"{check_id} starts no service.",
            "Name a check of the kind service.start, docker.run, compose.service or kubernetes.http.",
        )

    def missing() -> AskedService:
        raise NotAssessed(f"The service of {check_id} is not here any more.", "Grade again.")

    return context.shared((HANDLE, key), missing, reads_files=False)


@contextmanager
def asked(context: Context, check_id: str, *, fresh: bool = False) -> Iterator[tuple[RunningService, Client]]:
    """Yield the running service, for this check alone, and a client of it.

    Raises `CheckFailed` for a service that has ended and does not start again.
    """
    service = service_of(context, check_id)
    try:
        with service.turn(context.deadline, fresh=fresh) as running:
            client = Client(running.connect, running.port, running.name)
            try:
                yield running, client
            finally:
                client.close()
    except NotStarted as error:
        raise CheckFailed(
            f"The service has ended and does not start again: {error.reason}.",
            Evidence(
                kind=EvidenceKind.COMMAND,
                path=service.command,
                expected="a service that answers",
                actual=error.reason,
                text=tail(error.output) or "nothing was printed",
            ),
        ) from error
