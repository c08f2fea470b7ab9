"""The container that a handle names, for the kinds that look at it."""

from __future__ import annotations

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.container_service import ContainerService
from infra_grader.capabilities.service import tail
from infra_grader.model.outcome import CheckFailed, Evidence, EvidenceKind, NotAssessed
from infra_grader.plugin import Context
from infra_grader.reading.running_service import HANDLE as SERVICE

HANDLE = "container"
"""What a check provides that has started a container: a key of `Context.shared((HANDLE, key), ...)`."""


def container_of(context: Context, check_id: str) -> ContainerService:
    """Return what a check has started. Raises `NotAssessed` if that check provides none."""
    key = context.handle(check_id).get(HANDLE)
    if key is None:
        raise NotAssessed(f"{check_id} starts no container.", "Name a check of the kind docker.run or compose.service.")

    def missing() -> ContainerService:
        raise NotAssessed(f"The container of {check_id} is not here any more.", "Grade again.")

    return context.shared((HANDLE, key), missing, reads_files=False)


def provide(context: Context, key: str, service: ContainerService) -> tuple[tuple[str, str], ...]:
    """Publish a container, and the service in it if it has a port; return the handles for the outcome.

    Who asked for the very same before has published it already: that one stays.
    """
    context.shared((HANDLE, key), lambda: service, reads_files=False)
    if not service.port:
        return ((HANDLE, key),)
    context.shared((SERVICE, key), lambda: service, reads_files=False)
    return ((HANDLE, key), (SERVICE, key))


def ended(service: ContainerService, error: NotStarted) -> CheckFailed:
    """Return the failure for a container that has ended and does not start again."""
    return CheckFailed(
        f"The container does not run and does not start again: {error.reason}.",
        Evidence(
            kind=EvidenceKind.COMMAND,
            path=service.command,
            expected="a container that runs",
            actual=error.reason,
            text=tail(error.output) or "nothing was printed",
        ),
    )
