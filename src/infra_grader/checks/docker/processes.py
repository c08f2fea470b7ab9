"""The docker.processes check kind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_running import Process, RunningContainer
from infra_grader.checks.docker._processes import SHELLS, program
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Handle,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.live_container import container_of, ended

LOOK = "docker top CONTAINER -eo pid,uid,args"
APART_S = 0.5
"""Between two looks: what is seen only once is a healthcheck, or a program that ends by itself."""
REMAPPED = "name=userns"


class Processes(Params):
    """What the processes of a container must not be."""

    container: Annotated[Handle, Meta(description="Id of the check that starts the container.")]
    root: Annotated[bool, Meta(description="Whether processes may run as root.")] = False
    shell: Annotated[bool, Meta(description="Whether process 1 may be a shell.")] = False
    allow: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Texts in the command lines of processes that may run as root, such as `nginx: master`."),
    ] = msgspec.field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse to ask nothing."""
        if self.root and self.shell:
            raise ValueError("it asks for something: `root: false` or `shell: false`")


@check("docker.processes", capabilities=("docker",))
def processes(context: Context, params: Processes) -> Outcome:
    """What runs in a container runs as somebody else than root, and process 1 is the service itself.

    The processes are seen from outside, so that neither USER in the image nor what a program says of itself counts, but
    as whom it runs once it was started: also where a script has used sudo. What was asked is worth the same each.
    """
    found = context.observe("processes", list[Process], lambda: _look(context, params.container), asked=())
    if not found:
        raise CheckFailed("Nothing runs in the container.", Evidence(kind=EvidenceKind.COMMAND, path=LOOK))
    asked = [] if params.root else [_roots(found, params.allow)]
    asked += [] if params.shell else [_shell(found)]
    faults = [fault for each in asked for fault in each]
    lost = sum(map(bool, asked))
    if not faults:
        message = f"{_counted(found)} as {_users(found)}, and process 1 is {program(_first(found).command)}."
        return Outcome.passed(message, _evidence(found))
    said = "; ".join(dict.fromkeys(str(fault.actual) for fault in faults))
    return Outcome.partial(1 - Fraction(lost, len(asked)), f"In the container, {said}.", *faults, _evidence(found))


def _look(context: Context, check_id: str) -> list[Process]:
    service = container_of(context, check_id)
    _require_plain_users(context)
    try:
        with service.turn(context.deadline) as running:
            return _lasting(running.container)
    except NotStarted as error:
        raise ended(service, error) from error


def _lasting(container: RunningContainer) -> list[Process]:
    """Return the processes that are there at two looks."""
    before = {process.pid for process in container.processes()}
    time.sleep(APART_S)
    return [process for process in container.processes() if process.pid in before]


def _roots(found: Sequence[Process], allowed: Sequence[str]) -> list[Evidence]:
    return [
        Evidence(
            kind=EvidenceKind.COMMAND,
            path=LOOK,
            expected="a user other than root",
            actual=f"{program(process.command)} runs as root",
            text=process.command[:300],
        )
        for process in found
        if process.uid == 0 and not any(text in process.command for text in allowed)
    ]


def _shell(found: Sequence[Process]) -> list[Evidence]:
    first = _first(found)
    if program(first.command) not in SHELLS:
        return []
    actual = f"process 1 is the shell {program(first.command)}, not the service"
    return [
        Evidence(
            kind=EvidenceKind.COMMAND,
            path=LOOK,
            expected="the service as process 1: CMD as a list, or `exec` in the script",
            actual=actual,
            text=first.command[:300],
        )
    ]


def _first(found: Sequence[Process]) -> Process:
    return next((process for process in found if process.is_first), found[0])


def _counted(found: Sequence[Process]) -> str:
    return "One process runs" if len(found) == 1 else f"{len(found)} processes run"


def _users(found: Sequence[Process]) -> str:
    return "user " + ", ".join(str(uid) for uid in sorted({process.uid for process in found}))


def _evidence(found: Sequence[Process]) -> Evidence:
    listed = "\n".join(f"{process.uid} {process.command[:200]}" for process in found[:20])
    return Evidence(kind=EvidenceKind.COMMAND, path=LOOK, actual=f"{len(found)} processes", text=listed)


def _require_plain_users(context: Context) -> None:
    with answering():
        facts = context.docker.api.info()
    if any(option.startswith(REMAPPED) for option in facts.get("SecurityOptions") or ()):
        raise NotAssessed("The Docker daemon gives users other numbers outside.", "Grade with one that does not remap.")
