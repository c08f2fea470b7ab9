"""The docker.stop check kind."""

from __future__ import annotations

from collections.abc import Sequence

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.docker_running import Process, Stopped
from infra_grader.capabilities.docker_state import State
from infra_grader.checks.docker._processes import SHELLS, program
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Handle,
    Measure,
    Meta,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.live_container import container_of, ended

KILLED = 128 + 9


class Stop(Params):
    """Which container is stopped, and how long that may take."""

    container: Annotated[Handle, Meta(description="Id of the check that starts the container.")]
    grace_s: Annotated[float, Meta(gt=0, le=120, description="Seconds that it has to end by itself.")] = 10.0


@check("docker.stop", capabilities=("docker",), measure="s")
def stop(context: Context, params: Stop) -> Outcome:
    """A container ends by itself when it is asked to.

    Another container like it is started, and its process 1 is sent SIGTERM, or the signal that the image names with
    STOPSIGNAL, as `docker stop` does. It has to end within the time; one that must be killed has ignored the signal,
    and the evidence says what its process 1 is. One that has ended before, for whatever reason, has not passed. The
    evidence says who ended it, and with which exit status; whether requests that it was at were answered to their end
    is nothing that this asks. It is measured in how many seconds it ended.
    """
    service = container_of(context, params.container)
    context.tell("stop the container")
    try:
        with service.apart(context.deadline) as container:
            processes = container.processes()
            if not (state := container.state()).is_running:
                raise _ended_before(params, state, container.output)
            stopped = container.stop(params.grace_s, context.deadline)
            output = container.output
    except NotStarted as error:
        raise ended(service, error) from error
    is_right = not stopped.is_killed and stopped.state.exit_status != KILLED
    evidence = _evidence(params, _who(stopped), _first(processes), output)
    message = f"The container {_how(params, stopped, processes)}."
    if not is_right:
        raise CheckFailed(message, evidence)
    return Outcome.passed(
        message,
        evidence,
        measure=Measure(value=round(stopped.seconds, 2), unit="s", threshold=params.grace_s),
    )


def _ended_before(params: Stop, state: State, output: str) -> CheckFailed:
    return CheckFailed(
        f"The container has ended before it was asked to: {state.how}.",
        _evidence(params, f"it had ended before: {state.how}", "nothing ran in it any more", output),
    )


def _evidence(params: Stop, actual: str, ran: str, output: str) -> Evidence:
    return Evidence(
        kind=EvidenceKind.COMMAND,
        path=f"docker stop --time {params.grace_s:g} CONTAINER",
        expected=f"an end by itself within {params.grace_s:g} s",
        actual=actual,
        text=ran + (f"; the last it printed: {output.strip()[-500:]}" if output.strip() else ""),
    )


def _who(stopped: Stopped) -> str:
    """Say who ended it, and how."""
    if stopped.is_killed:
        return f"it had to be killed: it did not end after {stopped.signal}"
    who = "it was killed" if stopped.state.exit_status == KILLED else "it ended by itself"
    return f"{who} {stopped.seconds:.1f} s after {stopped.signal}: {stopped.state.how}"


def _how(params: Stop, stopped: Stopped, processes: Sequence[Process]) -> str:
    if not stopped.is_killed:
        return f"ends {stopped.seconds:.1f} s after it is asked to: {stopped.state.how}"
    name = next((program(process.command) for process in processes if process.is_first), "")
    why = "its process 1 does not act on the signal"
    if name in SHELLS:
        why = (
            f"its process 1 is the shell {name}, which hands no signal on: write CMD as a list, or `exec` in the script"
        )
    elif name.startswith("python"):
        why = "Python as process 1 needs a handler for SIGTERM, or a small init before it"
    return f"does not end within {params.grace_s:g} s after it is asked to: {why}"


def _first(processes: Sequence[Process]) -> str:
    first = next((process.command for process in processes if process.is_first), "")
    return f"process 1 is `{first[:200]}`" if first else "nothing ran in it any more"
