"""Images built in Docker from a private copy of what a submission sends: by BuildKit, else by the classic builder."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from infra_grader.capabilities import _docker_buildkit, _docker_classic
from infra_grader.capabilities._docker_request import BuildRequest, Need, NoBuilder
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_build_log import Failure
from infra_grader.capabilities.docker_image import BuiltImage
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.model.outcome import Evidence, NotAssessed

__all__ = ["BuildFailed", "BuildRequest", "Need", "build", "frontend_of", "lacking"]

LOG_CHARACTERS = 8000
SHOWN_STEP = 70
FRONTENDS = (
    ((29, 0), (1, 19)), ((28, 0), (1, 14)), ((27, 0), (1, 8)), ((26, 0), (1, 7)), ((25, 0), (1, 6)), ((24, 0), (1, 5)),
    ((23, 0), (1, 4)), ((20, 10), (1, 2)),
)  # fmt: skip
"""Versions of Docker, and of the Dockerfile syntax that the BuildKit in each of them reads."""


class BuildFailed(Exception):
    """A build ended without an image."""

    def __init__(self, failure: Failure, log: str) -> None:
        super().__init__(failure.error)
        self.failure = failure
        self.log = log

    @property
    def step(self) -> str:
        """The step that failed, in words; nothing if the build had not begun any."""
        return self.failure.step.title if self.failure.step else ""

    @property
    def message(self) -> str:
        """What the builder says of it."""
        return self.failure.error


def build(docker: LiveDocker, request: BuildRequest, deadline: Deadline, tell: Callable[[str], object]) -> BuiltImage:
    """Build an image of this run, and tell of each step.

    Raises `BuildFailed` where the build ends without one, `NotAssessed` where the Dockerfile needs what no builder here
    has, and `Overrun` at the deadline; the build has ended in the daemon then as well.
    """
    name = docker.name("image")

    def show(step: str) -> None:
        tell(f"build {step}"[:SHOWN_STEP])

    began = time.monotonic()
    try:
        _require(request, "BuildKit", lambda need: need.since > frontend_of(docker.version))
        made = _docker_buildkit.build(docker, request, name, deadline, show)
    except NoBuilder:
        _require(request, "the classic builder", lambda need: not need.in_classic)
        made = _docker_classic.build(docker, request, name, deadline, show)
    seconds = time.monotonic() - began
    if isinstance(made.result, Failure):
        raise BuildFailed(made.result, made.log[-LOG_CHARACTERS:])
    return BuiltImage(
        id=made.result,
        name=name,
        log=made.log[-LOG_CHARACTERS:],
        seconds=round(seconds, 2),
        dockerfile=request.path,
        target=request.target,
        command=request.command,
    )


def frontend_of(version: str) -> tuple[int, int]:
    """Return the version of the Dockerfile syntax that the BuildKit of a Docker version reads."""
    numbers = [int(part) for part in re.findall(r"\d+", version)[:2]]
    engine = (numbers[0], numbers[1] if len(numbers) > 1 else 0) if numbers else (0, 0)
    return next((frontend for since, frontend in FRONTENDS if engine >= since), (1, 1))


def _require(request: BuildRequest, builder: str, is_lacking: Callable[[Need], bool]) -> None:
    """Raise `NotAssessed` for the first thing that the Dockerfile needs and the builder lacks."""
    for need in request.needs:
        if is_lacking(need):
            raise lacking(request.path, builder, need)


def lacking(path: str, builder: str, need: Need) -> NotAssessed:
    """Return the verdict on a Dockerfile that asks for what the builder of this machine lacks."""
    return NotAssessed(
        f"{path} has {need.title} on line {need.line}, which {builder} of this machine lacks.",
        "Grade on a machine with a newer Docker and its buildx plugin.",
        Evidence(path=path, line=need.line, expected="what the builder can do", actual=need.title),
    )
