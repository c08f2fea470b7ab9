"""A step of a check on a project: a command in one of its services, or a request to it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.http import Client, NoAnswer
from infra_grader.plugin import Annotated, Context, Meta, Params
from infra_grader.reading.asked_request import Asked, build_requests
from infra_grader.reading.compose_live import Prepared
from infra_grader.reading.compose_member import find_service, running_member

POLL_S = 0.5
COMMAND_S = 60.0
SHOWN = 500
GOOD = range(200, 300)


class Step(Params):
    """Who is asked, and what: a command or a request."""

    service: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="Globs of images or names of the service; `build` is one that is built here."),
    ]
    command: Annotated[
        tuple[str, ...], Meta(description="A program in its container, with its arguments; it must end with 0.")
    ] = ()
    request: Annotated[Asked | None, Meta(description="A request to it; its answer must be a 2xx.")] = None
    ports: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=65_535)], ...],
        Meta(description="Ports inside of the container for the request; the ones that it publishes if none."),
    ] = ()

    def __post_init__(self) -> None:
        """Refuse what says nothing, or two things."""
        if bool(self.command) == (self.request is not None):
            raise ValueError("a step has either a command or a request")


class Done(Params):
    """What came of a step."""

    line: str
    """What was done, as by hand."""
    said: str
    """What was printed or answered."""
    problem: str = ""
    """Why it did not work, as a clause."""


def do(context: Context, prepared: Prepared, step: Step, values: Mapping[str, str], deadline: Deadline) -> Done:
    """Do a step and return what came of it. Raises `CheckFailed` if no such service is there, or it does not run."""
    name = find_service(prepared, step.service, step.ports)
    if step.request is None:
        return _run(context, prepared, name, step, values, deadline)
    return _ask(context, prepared, name, step, values, deadline)


def do_until(
    context: Context, prepared: Prepared, step: Step, values: Mapping[str, str], text: str, deadline: Deadline
) -> Done:
    """Do a step until what it says holds a text, and return the last try at the deadline."""
    while True:
        context.deadline.check()
        done = do(context, prepared, step, values, deadline)
        if not done.problem and text not in done.said:
            done = msgspec.structs.replace(done, problem=f"{text} is not in what it says")
        if not done.problem:
            return done
        if not deadline.remaining():
            context.deadline.check()  # where the check's own time was shorter, nobody can tell
            return done
        time.sleep(POLL_S)


def _run(
    context: Context, prepared: Prepared, name: str, step: Step, values: Mapping[str, str], deadline: Deadline
) -> Done:
    words = tuple(_filled(word, values) for word in step.command)
    line = f"docker compose exec {name} {' '.join(words)}"[:SHOWN]
    container = prepared.project.container(running_member(prepared, name))
    seconds = min(COMMAND_S, max(1.0, deadline.remaining()))
    ended = container.execute(words, context.deadline, seconds=seconds)
    if ended is None:
        return Done(line=line, said="", problem="the container does not run")
    said = (ended.stdout + ended.stderr).decode("utf-8", "replace").strip()
    return Done(line=line, said=said[-4 * SHOWN :], problem=ended.how if ended.exit_status or ended.limit else "")


def _ask(
    context: Context, prepared: Prepared, name: str, step: Step, values: Mapping[str, str], deadline: Deadline
) -> Done:
    assert step.request is not None  # a step has a command otherwise
    member = running_member(prepared, name)
    container = prepared.project.container(member)
    ports = [port for port in step.ports or member.ports if port in member.ports]
    done = Done(line=f"a request to {name}", said="", problem="none of its ports is published")
    for port in ports:
        for request in build_requests(context, step.request, values, f"{context.seed} compose"):
            client = Client(container.connect, port)
            line = f"{request.line} on port {port} of {name}"
            try:
                answer = client.ask(request, max(0.5, min(10.0, deadline.remaining())))
            except NoAnswer as error:
                done = Done(line=line, said="", problem=error.reason)
                continue
            finally:
                client.close()
            problem = "" if answer.status in GOOD else f"answered by {answer.status}"
            done = Done(line=line, said=f"{answer.status}: {answer.text[: 4 * SHOWN]}", problem=problem)
            if not problem:
                return done
    return done


def _filled(word: str, values: Mapping[str, Any]) -> str:
    for name, value in values.items():
        word = word.replace(f"${{{name}}}", str(value))
    return word
