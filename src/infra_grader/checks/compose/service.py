"""The compose.service check kind."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from infra_grader.checks.compose._files import (
    ComposeParams,
    asked,
    either,
    find_compose,
    health_problem,
    is_called,
    point_at,
)
from infra_grader.checks.compose._settings import given_variables
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.compose import Compose
from infra_grader.reading.compose_service import Service, is_same_port
from infra_grader.reading.compose_value import Value
from infra_grader.reading.pieces import Piece, judge

Port = int | str
Names = str | Annotated[list[str], Meta(min_length=1)]
Condition = Literal["service_started", "service_healthy", "service_completed_successfully"]


class ServiceParams(ComposeParams, kw_only=True):
    """Which service, and what it must have."""

    service: Annotated[
        list[str],
        Meta(
            min_length=1,
            description="Globs of images or of service names by which it is found; `build` is any that is built here.",
        ),
    ]
    ports: Annotated[
        tuple[Port | Annotated[list[Port], Meta(min_length=1)], ...],
        Meta(description="Ports that it must publish, as seen inside or outside; a list names alternatives."),
    ] = ()
    depends_on: Annotated[
        dict[str, Condition | None],
        Meta(description="Globs of services that it must wait for, and how; null where any way will do."),
    ] = msgspec.field(default_factory=dict)
    healthcheck: Annotated[
        bool, Meta(description="It must have a health check that asks it something, here or in its Dockerfile.")
    ] = False
    restart: Annotated[
        tuple[str, ...], Meta(description="Restart policies of which it must have one, such as `unless-stopped`.")
    ] = ()
    environment: Annotated[
        tuple[Names, ...],
        Meta(description="Variables that it must be given, here or by env_file, as globs; a list names alternatives."),
    ] = ()
    volumes: Annotated[
        tuple[Names, ...],
        Meta(
            description="Places in the container where something must be mounted, as globs; a list names alternatives."
        ),
    ] = ()
    networks: Annotated[tuple[Names, ...], Meta(description="Networks that it must join, as globs.")] = ()
    limits: Annotated[
        tuple[Literal["memory", "cpus", "pids"], ...], Meta(description="Resources of which it must have a limit.")
    ] = ()
    command: Annotated[
        tuple[Names, ...], Meta(description="Globs of words that its command or entrypoint must hold.")
    ] = ()


@check("compose.service")
def service(context: Context, params: ServiceParams) -> Outcome:
    """One service, found by its image, its name or its build, has the ports, volumes, variables and more asked for.

    Short and long forms are the same, as are `deploy` and the older keys. Where several services fit, the
    best one counts.
    """
    compose = find_compose(context, params)
    found = [
        item
        for item in compose.active.values()
        if is_called(item, params.service) or ("build" in params.service and item.build is not None)
    ]
    if not found:
        raise CheckFailed(
            f"{compose.path} starts no service {either(params.service)}.",
            Evidence(
                path=compose.path, expected=f"a service {either(params.service)}", actual=", ".join(compose.active)
            ),
        )
    judged = [(item, _pieces(context, compose, item, params)) for item in found]
    best, pieces = max(judged, key=lambda pair: sum(piece.share for piece in pair[1]))
    return judge(f"The service {best.name} of {compose.path}", pieces)


def _pieces(context: Context, compose: Compose, item: Service, params: ServiceParams) -> list[Piece]:
    pieces = [_port(item, _list(wanted)) for wanted in params.ports]
    pieces += [_dependency(compose, item, name, condition) for name, condition in params.depends_on.items()]
    if params.healthcheck:
        problem, value = health_problem(context, item)
        pieces.append(
            asked(not problem, point_at(value, "a health check that asks it something", problem or "it asks"))
        )
    if params.restart:
        policy, place = item.restart
        holds = policy in params.restart
        evidence = point_at(place or item.value, f"restart: {either(params.restart)}", policy or "no restart")
        pieces.append(asked(holds, evidence))
    pieces += _named(item, params.environment, given_variables(context, item), "the variable", "not given")
    mounted = {mount.target: mount.value for mount in item.mounts}
    pieces += _named(item, params.volumes, mounted, "something mounted at", "nothing is mounted there")
    pieces += _named(item, params.networks, item.networks, "the network", "not joined")
    for resource in params.limits:
        limit = item.limit(resource)
        text = item.text(limit)
        evidence = point_at(limit or item.value, f"a limit of {resource}", text or "none")
        pieces.append(asked(bool(text) and text not in ("0", "-1"), evidence))
    words = dict.fromkeys([*item.words("entrypoint"), *item.words("command")], item.value.get("command") or item.value)
    pieces += _named(item, params.command, words, "its command holds", "it does not")
    return pieces or [asked(True, point_at(item.value, f"a service {either(params.service)}", item.name))]


def _list(value: Port | list[Port]) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _port(item: Service, wanted: list[str]) -> Piece:
    expected = f"port {either(wanted)} is published"
    for port in item.ports:
        if is_same_port(port.target, wanted) or is_same_port(port.published, wanted):
            return asked(True, point_at(port.value, expected, f"{port.published or 'any'}:{port.target}"))
    others = ", ".join(f"{port.published}:{port.target}" for port in item.ports)
    place = item.value.get("ports") or item.value
    return asked(False, point_at(place, expected, f"only {others}" if others else "no port is published"))


def _dependency(compose: Compose, item: Service, name: str, condition: str | None) -> Piece:
    expected = f"depends on {name}{f', {condition}' if condition else ''}"
    for other, (how, value) in item.depends_on.items():
        known = compose.services.get(other)
        if known is None or not is_called(known, [name]):
            continue
        holds = condition is None or how == condition or (condition == "service_started" and how == "service_healthy")
        return asked(holds, point_at(value, expected, f"{other}, {how}"))
    return asked(False, point_at(item.value.get("depends_on") or item.value, expected, "it does not"))


def _named(item: Service, wanted: Iterable[Names], given: dict[str, Value], what: str, lacking: str) -> list[Piece]:
    pieces = []
    for names in wanted:
        globs = [names] if isinstance(names, str) else names
        found = next((name for name in given for glob in globs if fnmatchcase(name, glob.rstrip("/") or "/")), None)
        place = given[found] if found is not None else item.value
        pieces.append(asked(found is not None, point_at(place, f"{what} {either(globs)}", found or lacking)))
    return pieces
