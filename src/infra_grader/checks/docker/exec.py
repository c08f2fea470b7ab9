"""The docker.exec check kind."""

from __future__ import annotations

import shlex
from fractions import Fraction

from infra_grader.capabilities.asked_service import NotStarted
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
from infra_grader.reading.printed import Asked, judged


class Case(Asked, kw_only=True):
    """One command, and what it must print."""

    command: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(min_length=1, description="The command, word by word; `[sh, -c, ...]` for a line of shell."),
    ]

    def __post_init__(self) -> None:
        """Refuse files, which stay in the container."""
        super().__post_init__()
        if self.leaves:
            raise ValueError("files stay in the container: print them by a command")


class Exec(Params):
    """What is run inside of which container."""

    container: Annotated[Handle, Meta(description="Id of the check that starts the container.")]
    cases: Annotated[list[Case], Meta(min_length=1, max_length=50, description="What is run, one after another.")]
    user: Annotated[str, Meta(description="As whom; as the container's own user where left out.")] = ""
    seconds: Annotated[float, Meta(gt=0, le=240, description="Time for each command.")] = 10.0


@check("docker.exec", capabilities=("docker", "command"), measure="%")
def execute(context: Context, params: Exec) -> Outcome:
    """Commands in a running container print what they are asked to print.

    They run beside the service, as `docker exec` does it. The share of right cases is the share of the points. A
    command that takes too long, or prints too much, is killed, and the next check gets another container.
    """
    service = container_of(context, params.container)
    evidence: list[Evidence] = []
    try:
        with service.turn(context.deadline) as running:
            for case in params.cases:
                ran = running.container.execute(
                    tuple(case.command),
                    context.deadline,
                    seconds=params.seconds,
                    stdin=case.stdin.encode(),
                    user=params.user,
                )
                if ran is None:
                    how = running.container.state().how
                    raise CheckFailed(
                        f"The container has ended: {how}.",
                        Evidence(kind=EvidenceKind.COMMAND, path=service.command, actual=how, text=running.output),
                    )
                if ran.limit is not None:
                    service.spoil()
                title = shlex.join(["docker", "exec", "CONTAINER", *case.command])
                evidence.append(judged(case, title, ran, context))
    except NotStarted as error:
        raise ended(service, error) from error
    right = sum(piece.expected is None for piece in evidence)
    return Outcome.partial(
        Fraction(right, len(evidence)),
        f"{right} of {len(evidence)} commands in the container print what they should.",
        *sorted(evidence, key=lambda piece: piece.expected is None),
        measure=Measure(value=round(100 * right / len(evidence), 2), unit="%", threshold=100),
    )
