"""Whether a container's own healthcheck says what is so: healthy where it answers, and not where nothing runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_container import ContainerRequest, NotStartable, image_facts, start
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.docker_state import State
from infra_grader.plugin import CheckFailed, Context, Evidence, EvidenceKind

POLL_S = 0.1
HEALTHY, UNHEALTHY = "healthy", "unhealthy"
LEAST_S = 5.0
"""How long a healthcheck has at least after the service answers."""
MORE_S = 3.0
"""How long one is still watched that says unhealthy though the service answers."""
PROBE_S = 10.0
IDLE = (("sleep", "600"), ("python3", "-c", "import time; time.sleep(600)"), ("tail", "-f", "/dev/null"))
"""Programs that do nothing, of which most images have one."""
NANOSECONDS = 1_000_000_000


def await_healthy(container: RunningContainer, seconds: float, deadline: Deadline) -> State:
    """Return the state once the healthcheck of a service that answers says healthy, or when it will not any more."""
    until = Deadline(min(max(seconds, LEAST_S), deadline.remaining()))
    unhealthy_since = 0.0
    while True:
        state = container.state()
        now = time.monotonic()
        if state.health == UNHEALTHY:
            unhealthy_since = unhealthy_since or now
        is_over = unhealthy_since and now - unhealthy_since > MORE_S
        if not state.is_running or state.health in (HEALTHY, "") or is_over or not until.remaining():
            return state
        time.sleep(POLL_S)


def judge_health(context: Context, request: ContainerRequest, state: State, by_hand: str) -> Evidence:
    """Return the evidence for a healthcheck of a service that answers. Raises `CheckFailed` for one that lies."""
    if not state.health:
        raise CheckFailed(
            "The image has no healthcheck.",
            Evidence(kind=EvidenceKind.FIELD, path="Config.Healthcheck", expected="HEALTHCHECK", actual="none"),
        )
    if state.health != HEALTHY:
        raise CheckFailed(
            "The service answers, but its own healthcheck does not say that it is healthy.",
            _evidence(by_hand, HEALTHY, state.health, state),
        )
    test = _test(image_facts(context.docker, request.image).get("Config") or {})
    if test is not None and _passes_without_service(context, request, test):
        raise CheckFailed(
            "The healthcheck says healthy also where the service does not run at all.",
            Evidence(
                kind=EvidenceKind.COMMAND,
                path=" ".join(test),
                expected="a failure in a container in which the service was not started",
                actual="exit status 0",
            ),
        )
    return _evidence(by_hand, HEALTHY, HEALTHY, state)


def _evidence(by_hand: str, expected: str, actual: str, state: State) -> Evidence:
    last = state.probes[-1] if state.probes else None
    said = f"exit status {last.exit_status}: {last.output.strip()}" if last else "its first run has not ended: it hangs"
    return Evidence(
        kind=EvidenceKind.COMMAND,
        path=by_hand,
        expected=f"health: {expected}",
        actual=f"health: {actual}",
        text=f"the healthcheck's last run, {said}",
    )


def _test(image: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the command of an image's healthcheck, as Docker runs it."""
    words = (image.get("Healthcheck") or {}).get("Test") or ["NONE"]
    if words[0] == "CMD":
        return tuple(words[1:])
    if words[0] == "CMD-SHELL":
        return (*(image.get("Shell") or ("/bin/sh", "-c")), words[1])
    return None


def _passes_without_service(context: Context, request: ContainerRequest, test: tuple[str, ...]) -> bool:
    """Whether a healthcheck succeeds in a container in which nothing but an idle program runs."""
    for idle in IDLE:
        alone = request.replace(entrypoint=(), command=idle, ports=(), network="none", alias="")
        try:
            container = start(context.docker, alone, context.deadline)
        except NotStartable:
            continue
        try:
            ended = container.execute(test, context.deadline, seconds=PROBE_S)
            return ended is not None and ended.limit is None and ended.exit_status == 0
        finally:
            container.remove()
    return False
