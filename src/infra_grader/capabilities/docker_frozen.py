"""Containers that stand still for a while: they are there, and answer nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_running import RunningContainer


@contextmanager
def frozen(containers: Sequence[RunningContainer]) -> Iterator[None]:
    """Freeze containers, and let them go on at the end. Raises `NotAssessed` where Docker cannot freeze them."""
    with ExitStack() as thawing:
        for container in containers:
            with answering():
                container.docker.api.pause(container.key)
            thawing.callback(_thaw, container)
        yield


def _thaw(container: RunningContainer) -> None:
    import docker.errors

    with answering(), suppress(docker.errors.NotFound):
        container.docker.api.unpause(container.key)
