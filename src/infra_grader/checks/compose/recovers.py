"""The compose.recovers check kind."""

from __future__ import annotations

import time
from collections.abc import Mapping

from infra_grader.capabilities.compose_probe import python_image
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_crash import crash
from infra_grader.checks.compose._live import by_hand, point_to
from infra_grader.plugin import Annotated, Context, Handle, Measure, Meta, Outcome, Params, check
from infra_grader.reading.compose_live import project_of
from infra_grader.reading.compose_member import find_service, running_member
from infra_grader.reading.compose_rise import Rise
from infra_grader.reading.compose_state import Look, Rules, restart_of

POLL_S = 0.2
MOST_RESTARTS = 1000


class Recovers(Params):
    """Which service crashes, and how soon it must be up again."""

    project: Annotated[Handle, Meta(description="Id of the check that starts the project.")]
    service: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="Globs of images or names of the service; `build` is one that is built here."),
    ]
    seconds: Annotated[float, Meta(gt=0, le=240, description="Time until it is up again, and all others are.")] = 30.0


@check("compose.recovers", capabilities=("docker", "command"), measure="s")
def recovers(context: Context, params: Recovers) -> Outcome:
    """A service that crashes comes back by its own restart policy, and those that were up with it go on.

    Its program is killed from outside of the container, as a crash would end it; `docker kill` would count as a wish
    that it stays down.
    """
    prepared = project_of(context, params.project)
    name = find_service(prepared, params.service)
    rise = Rise(prepared, Rules(most_restarts=MOST_RESTARTS), context.tell)
    with prepared.project.turn(context.deadline):
        before = rise.look(prepared.model["services"], context.deadline)
        member = running_member(prepared, name)
        context.tell(f"ending the program of {name}")
        began = time.monotonic()
        crash(prepared.project.container(member), python_image(context.docker))
        down = _await(context, rise, before, name, member.state.started, Deadline(params.seconds))
        seconds = round(time.monotonic() - began, 2)
    policy = restart_of(prepared.model["services"][name])
    if down is None:
        return Outcome.passed(
            f"{name} is up again {seconds:.1f} s after a crash.",
            point_to(prepared, name, f"up within {params.seconds:g} s", f"up again, by restart: {policy}"),
            by_hand(prepared, f"up again after {seconds:.1f} s"),
            measure=Measure(value=seconds, unit="s", threshold=params.seconds),
        )
    return Outcome.failed(
        f"{down.service} is not up {seconds:.0f} s after {name} crashed: {down.said}.",
        point_to(prepared, name, f"up within {params.seconds:g} s", f"its restart policy is {policy}", down.member),
        by_hand(prepared, f"{down.service}: {down.said}"),
    )


def _await(
    context: Context, rise: Rise, before: Mapping[str, Look], name: str, started: str, deadline: Deadline
) -> Look | None:
    """Return a service that is not up again at the deadline, or `None` as soon as all that were up are."""
    while True:
        context.deadline.check()
        looks = rise.look(
            [look.service for look in before.values() if look.is_up or look.service == name], context.deadline
        )
        own = looks[name]
        if own.is_up and own.member is not None and own.member.state.started == started:
            looks[name] = own.replace(is_up=False, said="it has not been started again")
        down = next((look for look in looks.values() if not look.is_up), None)
        if down is None or not deadline.remaining() or (down.service == name and down.is_final):
            return down
        time.sleep(POLL_S)
