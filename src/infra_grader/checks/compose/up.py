"""The compose.up check kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Literal

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.checks.compose._files import MOST_SHOWN, health_problem
from infra_grader.checks.compose._live import by_hand, point_to
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    RelativePath,
    check,
    places,
)
from infra_grader.reading.compose_live import HANDLE, Prepared, Wanted, prepare
from infra_grader.reading.compose_model import replicas
from infra_grader.reading.compose_rise import Rise
from infra_grader.reading.compose_state import Look, Rules

MIB = 1024 * 1024
Topic = Literal[
    "privileged",
    "capabilities",
    "devices",
    "host-namespaces",
    "docker-socket",
    "host-paths",
    "external",
    "drivers",
    "unconfined",
    "unknown-keys",
    "replicas",
]
Globs = tuple[str, ...]


class Up(Params):
    """What is started, what may be left out, and when it counts as up."""

    path: Annotated[Places, Meta(description="The compose file, or several places that may hold it.")] = msgspec.field(
        default_factory=lambda: ["*compose.y*ml", "docker/*compose.y*ml", "monitoring/*compose.y*ml", "*/*compose.y*ml"]
    )
    overrides: Annotated[
        tuple[RelativePath, ...], Meta(description="Files that are laid over it where they are there.")
    ] = ()
    profiles: Annotated[tuple[str, ...], Meta(description="Profiles whose services are started as well.")] = ()
    services: Annotated[
        dict[str, Annotated[list[str], Meta(min_length=1)]],
        Meta(
            description="Roles, each with globs of images or of service names that fill it; `build` is any service that"
            " is built here. Only these are started and counted, with what they depend on; without any, all are."
        ),
    ] = msgspec.field(default_factory=dict)
    without: Annotated[
        Globs, Meta(description="Globs of images or names of services that are left out, as they cannot run here.")
    ] = ()
    images: Annotated[
        dict[str, str],
        Meta(
            description="Globs of images, with the image that stands in for each, such as `grafana/grafana: busybox`."
        ),
    ] = msgspec.field(default_factory=dict)
    variables: Annotated[
        dict[str, str],
        Meta(description="Variables of the compose file; those it insists on get a value in any case."),
    ] = msgspec.field(default_factory=dict)
    rewrite: Annotated[
        tuple[Topic, ...],
        Meta(
            description="What is set aside, with a note, where a file asks for it; without, the project is not started."
        ),
    ] = ()
    network: Annotated[
        Literal["none", "default"], Meta(description="Whether containers reach beyond this machine: `default`, or not.")
    ] = "none"
    build_network: Annotated[
        Literal["none", "default"], Meta(description="Whether builds reach beyond this machine.")
    ] = "default"
    seconds: Annotated[
        float, Meta(gt=0, le=1800, description="Time until all is up, images built and fetched before.")
    ] = 120.0
    stays_s: Annotated[float, Meta(ge=0, le=120, description="Seconds for which all must stay up then.")] = 3.0
    restarts: Annotated[
        int, Meta(ge=0, le=100, description="How often a service may end and be started again before it stays up.")
    ] = 0
    may_end: Annotated[
        Globs, Meta(description="Globs of services that do their work and end, beside those whose end others wait for.")
    ] = ()
    in_order: Annotated[
        bool, Meta(description="Whether a service is only up if it was started after those it depends on were healthy.")
    ] = False
    memory_mib: Annotated[
        int, Meta(ge=16, le=65_536, description="Memory of a service that states no limit, in MiB.")
    ] = 1024
    processes: Annotated[int, Meta(ge=8, le=65_536, description="The same for processes and threads.")] = 1024


@check("compose.up", capabilities=("docker", "command"), measure="%")
def up(context: Context, params: Up) -> Outcome:
    """The services of a compose file come up and stay up: running, healthy, and answering at their ports.

    What is started is a rewritten copy: ports lie on free ports of the loopback, names are ours, health checks ask
    every second, and whatever reaches for the machine is refused before. Settings that are not handed in are taken
    from their examples. The share of the services that are up is the share of the points. An image that cannot be
    fetched at the moment leaves the check open; one that no registry has fails it.
    """
    prepared = prepare(context, _wanted(context, params))
    rise = Rise(prepared, Rules(most_restarts=params.restarts, may_end=params.may_end), context.tell)
    is_kept = False
    try:
        looks = _looks(context, params, rise)
        outcome = _judged(context, params, rise, looks)
        is_kept = outcome.status.satisfies
    finally:
        if not is_kept:
            prepared.project.remove(volumes=True)
    if not is_kept:
        return outcome
    key = prepared.project.name
    context.shared((HANDLE, key), lambda: prepared, reads_files=False)
    return outcome.replace(provides=((HANDLE, key),))


def _wanted(context: Context, params: Up) -> Wanted:
    return Wanted(
        path=context.workspace.first(places(params.path)),
        overrides=params.overrides,
        profiles=params.profiles,
        without=params.without,
        roles=tuple((role, tuple(globs)) for role, globs in params.services.items()),
        images=tuple(params.images.items()),
        variables=tuple(params.variables.items()),
        rewritten=frozenset(params.rewrite),
        reaches_out=params.network == "default",
        build_network=params.build_network,
        memory_bytes=params.memory_mib * MIB,
        pids=params.processes,
    )


def _looks(context: Context, params: Up, rise: Rise) -> dict[str, Look]:
    """Start the project and return what each service that counts is like."""
    prepared = rise.prepared
    services = prepared.model["services"]
    chosen = [name for name in prepared.roles.values() if name] if prepared.roles else list(services)
    names = [name for name in chosen if prepared.roles or replicas(services[name])]
    if not names:
        raise CheckFailed(
            f"{prepared.compose.path} starts none of the services that are asked for.",
            *(_absent(prepared, role) for role in prepared.roles or ("anything",)),
        )
    limit = Deadline(min(params.seconds, context.deadline.remaining()))
    rise.start(limit, context.deadline)
    looks = rise.settle(names, limit, context.deadline)
    if params.stays_s and any(look.is_up for look in looks.values()):
        looks = rise.stay(looks, params.stays_s, context.deadline)
    for name, other, port in prepared.clashes:
        if name in looks and looks[name].is_up:
            said = (
                f"it publishes port {port} of the host, which {other} has"
                if other != name
                else (f"each of its containers publishes port {port} of the host")
            )
            looks[name] = looks[name].replace(is_up=False, said=said)
    if params.in_order:
        for name, before in _out_of_order(rise).items():
            if name in looks:
                looks[name] = looks[name].replace(is_up=False, said=f"it was started before {before} was healthy")
    return looks


def _judged(context: Context, params: Up, rise: Rise, looks: Mapping[str, Look]) -> Outcome:
    prepared = rise.prepared
    lacking = [role for role, name in prepared.roles.items() if not name]
    down = [look for look in looks.values() if not look.is_up]
    total = len(looks) + len(lacking)
    done = total - len(lacking) - len(down)
    first = f"; nothing is there for {lacking[0]}" if lacking else ""
    if down:
        first = f"; {down[0].service}: {_why(down[0], rise)}"
    expected = f"up within {params.seconds:g} s" + (f" and {params.stays_s:g} s later" if params.stays_s else "")
    evidence = [point_to(prepared, look.service, expected, look.said, look.member) for look in down]
    evidence += [_absent(prepared, role) for role in lacking]
    shown = "all services up" if not down and not lacking else f"{done} of {total} services up"
    evidence.append(by_hand(prepared, f"{shown} after {rise.seconds:.1f} s", rise.problem[-1000:] or None))
    evidence += [point_to(prepared, look.service, expected, look.said) for look in looks.values() if look.is_up]
    evidence += _notes(context, params, rise)
    return Outcome.partial(
        Fraction(done, total),
        f"{done} of {total} services of {prepared.compose.path} {'is' if done == 1 else 'are'} up{first[:300]}.",
        *evidence[:MOST_SHOWN],
        measure=Measure(value=round(100 * done / total, 2), unit="%", threshold=100),
    )


def _why(look: Look, rise: Rise) -> str:
    """Return why a service is down: what compose says where it did not start it."""
    is_held_back = look.member is None or look.member.state.status == "created"
    if not rise.problem or not is_held_back:
        return look.said
    return f"{look.said}: {rise.problem.splitlines()[-1].strip().rstrip('.')}"


def _absent(prepared: Prepared, role: str) -> Evidence:
    return Evidence(path=prepared.compose.path, expected=f"a service for {role}", actual="no such service")


def _notes(context: Context, params: Up, rise: Rise) -> Iterator[Evidence]:
    """Yield what is worth knowing and costs nothing."""
    prepared = rise.prepared
    yield from prepared.notes
    if not params.in_order:
        for name, before in _out_of_order(rise).items():
            yield point_to(prepared, name, "nothing else", f"was started before {before} was healthy")
    for name in prepared.model["services"]:
        service = prepared.compose.services.get(name)
        if service is None or not (service.healthcheck and service.probe_commands()):
            continue
        if problem := health_problem(context, service)[0]:
            yield point_to(prepared, name, "a health check that tells", problem)
    if prepared.left_out:
        yield Evidence(path=prepared.compose.path, actual=f"not started: {', '.join(prepared.left_out)}"[:300])


def _out_of_order(rise: Rise) -> dict[str, str]:
    """Return services that were started before one of those they depend on was healthy, with that one."""
    services = rise.prepared.model["services"]
    started = {member.service: member.started_s for member in rise.prepared.project.members() if member.started_s}
    found: dict[str, str] = {}
    for name, service in services.items():
        for other in service.get("depends_on") or {}:
            if rise.healthy.get(other, 0.0) > started.get(name, float("inf")):
                found[name] = other
    return found
