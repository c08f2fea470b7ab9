"""The docker.inspect check kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any

import msgspec

from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_owner import HOME_LABEL
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.docker_state import read_state
from infra_grader.capabilities.sandbox import MIB
from infra_grader.model.record import Record
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
from infra_grader.reading.live_container import container_of

SERVICE = "com.docker.compose.service"
NANO = 1_000_000_000
MOST_NAMED = 10
Text = Annotated[str, Meta(min_length=1)]
Port = Annotated[int, Meta(ge=1, le=65_535)]


class Inspect(Params):
    """Which container is looked at, and how it is asked to be."""

    name: Annotated[str, Meta(description="Name of the container; `*` stands for anything.")] = ""
    label: Annotated[str, Meta(description="A label that it has, as `name` or `name=value`.")] = ""
    compose_service: Annotated[str, Meta(description="Name of the compose service that it is.")] = ""
    container: Annotated[Handle | None, Meta(description="Id of a check that started it, instead.")] = None
    running: Annotated[bool, Meta(description="Whether it runs.")] = True
    healthy: Annotated[bool, Meta(description="Whether its healthcheck says healthy.")] = False
    image: Annotated[str, Meta(description="Name of its image; `*` stands for anything.")] = ""
    ports: Annotated[list[Port], Meta(description="Ports inside that are published.")] = msgspec.field(
        default_factory=list
    )
    memory_mb: Annotated[float | None, Meta(description="Memory limit that it has at most, in MiB.")] = None
    cpus: Annotated[float | None, Meta(description="Limit on processors that it has at most.")] = None
    restart: Annotated[list[Text], Meta(description="Restart policies that are right, such as `unless-stopped`.")] = (
        msgspec.field(default_factory=list)
    )
    networks: Annotated[list[Text], Meta(description="Networks that it is in; `*` stands for anything.")] = (
        msgspec.field(default_factory=list)
    )
    not_root: Annotated[bool, Meta(description="Whether its user is another than root.")] = False

    def __post_init__(self) -> None:
        """Refuse to look at nothing, or at several things."""
        if sum(map(bool, (self.name, self.label, self.compose_service, self.container))) != 1:
            raise ValueError("it has one of `name`, `label`, `compose_service` and `container`")
        limits = (self.memory_mb, self.cpus)
        named = (self.image, self.ports, self.restart, self.networks, self.running, self.healthy, self.not_root)
        if not any(named) and limits == (None, None):
            raise ValueError("it asks for something")


class Found(Record):
    """The container that is looked at."""

    title: str
    facts: dict[str, Any]
    """As `docker inspect` gives them."""


@check("docker.inspect", capabilities=("docker",), measure="%")
def inspect(context: Context, params: Inspect) -> Outcome:
    """A container that runs on this machine is as it was asked to be.

    What a learner already runs is found by its name, a label, or its compose service, and only looked at. Exactly one
    container has to fit. Each of what was asked is worth the same.
    """
    wanted = (params.container, params.name, params.label, params.compose_service)
    found = context.observe("the container", Found, lambda: _found(context, params), asked=wanted)
    title, facts = found.title, found.facts
    asked = list(_asked(params, facts))
    right = sum(piece.expected is None for piece in asked)
    return Outcome.partial(
        Fraction(right, len(asked)),
        f"{right} of {len(asked)} facts about the container {title} are as asked.",
        *sorted(asked, key=lambda piece: piece.expected is None),
        measure=Measure(value=round(100 * right / len(asked), 2), unit="%", threshold=100),
    )


def _found(context: Context, params: Inspect) -> Found:
    """Return the container. Raises `CheckFailed` for none, or for several."""
    if params.container is not None:
        return Found(title="of this run", facts=dict(container_of(context, params.container).container.inspect()))
    api = context.docker.api
    filters = {"label": params.label or f"{SERVICE}={params.compose_service}"} if not params.name else {}
    with answering():
        listed = api.containers(all=True, filters=filters)
    names = {
        each["Id"]: each["Names"][0].lstrip("/")
        for each in listed
        if each.get("Names") and HOME_LABEL not in (each.get("Labels") or {})
    }
    if params.name:
        names = {key: name for key, name in names.items() if fnmatchcase(name, params.name)}
    wanted = params.name or params.label or params.compose_service
    if len(names) != 1:
        shown = ", ".join(sorted(names.values())[:MOST_NAMED]) or "none"
        how = "No container fits" if not names else f"{len(names)} containers fit"
        raise CheckFailed(
            f"{how} {wanted!r}{f': {shown}' if names else ''}.",
            Evidence(kind=EvidenceKind.COMMAND, path="docker ps --all", expected=f"one of {wanted!r}", actual=shown),
        )
    key, name = next(iter(names.items()))
    facts = RunningContainer(context.docker, key).inspect()
    if not facts:
        raise CheckFailed(
            f"The container {name} was removed while it was looked at.",
            Evidence(kind=EvidenceKind.COMMAND, path="docker ps --all", expected=name, actual="removed"),
        )
    return Found(title=name, facts=dict(facts))


def _asked(params: Inspect, facts: Mapping[str, Any]) -> Iterator[Evidence]:
    """Yield the evidence for each thing that is asked; it expects nothing where all is right."""
    state = read_state(facts)
    of, host = facts.get("Config") or {}, facts.get("HostConfig") or {}
    if params.running:
        how = "running" if state.is_running else f"{state.status}: {state.how}"
        yield _piece("State.Status", state.is_running, "running", how)
    if params.healthy:
        yield _piece("State.Health.Status", state.health == "healthy", "healthy", state.health or "no healthcheck")
    if params.image:
        image = str(of.get("Image") or "")
        fits = fnmatchcase(image, params.image) or fnmatchcase(image.removesuffix(":latest"), params.image)
        yield _piece("Config.Image", fits, params.image, image)
    yield from _ports(params, facts)
    if params.memory_mb is not None:
        limit = int(host.get("Memory") or 0) / MIB
        yield _piece(
            "HostConfig.Memory", 0 < limit <= params.memory_mb, f"at most {params.memory_mb:g} MiB", _mb(limit)
        )
    if params.cpus is not None:
        cpus = int(host.get("NanoCpus") or 0) / NANO
        cpus = cpus or int(host.get("CpuQuota") or 0) / (int(host.get("CpuPeriod") or 0) or 100_000)
        yield _piece("HostConfig.NanoCpus", 0 < cpus <= params.cpus, f"at most {params.cpus:g}", f"{cpus:g}")
    if params.restart:
        policy = str((host.get("RestartPolicy") or {}).get("Name") or "no")
        yield _piece("HostConfig.RestartPolicy", policy in params.restart, " or ".join(params.restart), policy)
    networks = list((facts.get("NetworkSettings") or {}).get("Networks") or {})
    for wanted in params.networks:
        fits = any(fnmatchcase(name, wanted) for name in networks)
        yield _piece("NetworkSettings.Networks", fits, wanted, ", ".join(networks) or "none")
    if params.not_root:
        user = str(of.get("User") or "root")
        yield _piece("Config.User", user.partition(":")[0] not in ("root", "0"), "another user than root", user)


def _ports(params: Inspect, facts: Mapping[str, Any]) -> Iterator[Evidence]:
    published = (facts.get("NetworkSettings") or {}).get("Ports") or {}
    shown = ", ".join(sorted(name for name, places in published.items() if places)) or "none"
    for port in params.ports:
        yield _piece("NetworkSettings.Ports", bool(published.get(f"{port}/tcp")), f"{port}/tcp published", shown)


def _piece(path: str, is_right: bool, expected: str, actual: str) -> Evidence:
    return Evidence(
        kind=EvidenceKind.FIELD,
        path=path,
        expected=None if is_right else expected,
        actual=actual,
        text="docker inspect",
    )


def _mb(limit: float) -> str:
    return f"{limit:g} MiB" if limit else "no limit"
