"""The compose.keeps check kind."""

from __future__ import annotations

from infra_grader.capabilities.deadline import Deadline
from infra_grader.checks.compose._live import by_hand, point_to, start_again
from infra_grader.checks.compose._step import Done, Step, do, do_until
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Handle,
    Meta,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.asked_request import draw_values
from infra_grader.reading.compose_live import Prepared, project_of
from infra_grader.reading.compose_member import find_member, find_service
from infra_grader.reading.compose_state import Rules

ANONYMOUS = 64
"""Length of the name that Docker makes up for a volume without one."""
MOST_RESTARTS = 1000


class Keeps(Params):
    """What is written, and how it is read back. `${value}` is a text that is drawn from the seed."""

    project: Annotated[Handle, Meta(description="Id of the check that starts the project.")]
    write: Annotated[Step, Meta(description="What stores `${value}`.")]
    read: Annotated[Step, Meta(description="What says it again.")]
    seconds: Annotated[
        float, Meta(gt=0, le=600, description="Time until it is read back, after the project was taken down.")
    ] = 60.0


@check("compose.keeps", capabilities=("docker", "command"))
def keeps(context: Context, params: Keeps) -> Outcome:
    """What is stored in a project is still there after `docker compose down` and `up`.

    A restart would prove nothing: it keeps what lies in the container and in volumes without a name. Named volumes
    and mounted folders stay. The value is drawn from the seed, and must be read back before the project goes down.
    """
    prepared = project_of(context, params.project)
    values = draw_values({"value": "uuid"}, f"{context.seed} compose.keeps")
    with prepared.project.turn(context.deadline):
        written = do(context, prepared, params.write, values, context.deadline)
        if written.problem:
            raise CheckFailed(f"Nothing can be stored: {written.problem}.", _shown(written, "it is stored"))
        before = do_until(context, prepared, params.read, values, values["value"], _within(context, params.seconds))
        if before.problem:
            raise CheckFailed(
                f"What is stored is not read back even before the project goes down: {before.problem}.",
                _shown(written, "it is stored"),
                _shown(before, "it is read back"),
            )
        name = find_service(prepared, params.write.service, params.write.ports)
        mounts = _mounts(prepared, name)
        context.tell("taking the project down and up")
        prepared.project.down(context.deadline)
        limit = _within(context, params.seconds)
        looks = start_again(context, prepared, params.seconds, Rules(most_restarts=MOST_RESTARTS))
        try:
            after = do_until(context, prepared, params.read, values, values["value"], limit)
        except CheckFailed as error:
            down = next((look for look in looks.values() if not look.is_up), None)
            said = f"{down.service}: {down.said}" if down else error.message
            raise CheckFailed(f"The project does not come up again: {said}.", *error.evidence) from error
    kept = not after.problem
    actual = "it is there" if kept else f"it is gone: {after.problem}"
    return Outcome.passed_if(
        kept,
        f"What is stored in {name} is {'still there' if kept else 'gone'} after the project was down.",
        point_to(prepared, name, "it is there after down and up", actual).replace(text=mounts),
        _shown(written, "it is stored"),
        _shown(after, "it is read back"),
        by_hand(prepared, actual, "then `docker compose down`, `docker compose up`, and read again"),
    )


def _within(context: Context, seconds: float) -> Deadline:
    return Deadline(min(seconds, context.deadline.remaining()))


def _shown(done: Done, expected: str) -> Evidence:
    return Evidence(
        kind=EvidenceKind.COMMAND,
        path=done.line,
        expected=expected,
        actual=done.problem or "done",
        text=done.said or None,
    )


def _mounts(prepared: Prepared, name: str) -> str:
    """Return what is mounted into a service, in words."""
    member = find_member(prepared, name)
    facts = prepared.project.container(member).inspect() if member else {}
    said = []
    for mount in facts.get("Mounts") or ():
        if mount.get("Type") == "volume" and len(mount.get("Name") or "") == ANONYMOUS:
            said.append(f"a volume without a name at {mount.get('Destination')}")
        elif mount.get("Type") == "volume":
            title = str(mount.get("Name")).removeprefix(f"{prepared.project.name}_")
            said.append(f"the volume {title} at {mount.get('Destination')}")
        else:
            said.append(f"{'a file or folder of the submission'} at {mount.get('Destination')}")
    return "; ".join(said) or "nothing is mounted into it"
