"""The compose.reaches check kind."""

from __future__ import annotations

from infra_grader.capabilities.compose_probe import Question, Reached, reach
from infra_grader.capabilities.compose_project import Member
from infra_grader.capabilities.deadline import Deadline
from infra_grader.checks.compose._live import by_hand, point_to
from infra_grader.plugin import Annotated, CheckFailed, Context, Handle, Meta, Outcome, Params, check
from infra_grader.reading.compose_live import Prepared, project_of
from infra_grader.reading.compose_member import find_service, running_member
from infra_grader.reading.compose_rewrite import tcp_ports

LISTENERS_S = 5.0
ONCE_S = 4.0
"""Seconds for a connection that should not come about."""


class Reaches(Params):
    """Who reaches whom, and how."""

    project: Annotated[Handle, Meta(description="Id of the check that starts the project.")]
    asker: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="Globs of images or names of the service that asks; `build` is one built here."),
    ]
    asked: Annotated[tuple[str, ...], Meta(min_length=1, description="The same for the service that is asked.")]
    ports: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=65_535)], ...],
        Meta(
            description="Ports inside of the asked container, of which one must be reached; where it listens if none."
        ),
    ] = ()
    path: Annotated[str, Meta(description="What is asked by GET; without, a connection is enough.")] = ""
    statuses: Annotated[
        tuple[Annotated[int, Meta(ge=100, le=599)], ...], Meta(description="What the answer may be; any if none.")
    ] = ()
    unreachable: Annotated[
        bool, Meta(description="Whether it must not be reached, neither by its name nor by any of its addresses.")
    ] = False
    seconds: Annotated[float, Meta(gt=0, le=120, description="Time until it is reached.")] = 15.0


@check("compose.reaches", capabilities=("docker", "command"))
def reaches(context: Context, params: Reaches) -> Outcome:
    """One service reaches another by its name, as the networks of the compose file let it; or it must not.

    A program of ours asks from the network of the first one. It must be the second one that it gets to: another
    service, or the first one itself, which answers under that name is told. Where it must not be reached, the second
    one must run and listen all the same: what nobody could reach is no proof of a wall.
    """
    prepared = project_of(context, params.project)
    asker = find_service(prepared, params.asker)
    asked = find_service(prepared, params.asked, params.ports)
    if asker == asked:
        raise CheckFailed(f"{asker} is the only service that fits both ends.", point_to(prepared, asker, "two", "one"))
    with prepared.project.turn(context.deadline):
        first, second = running_member(prepared, asker), running_member(prepared, asked)
        ports = _ports(context, prepared, params, second)
        if params.unreachable:
            return _walled(context, prepared, params, first, second, ports)
        tried = [
            _reach(context, prepared, first, (asked,), port, params, params.seconds / len(ports)) for port in ports
        ]
        found = [one.replace(reason=_instead(prepared, one, asker, asked) or one.reason) for one in tried]
    done = next((one for one in found if _holds(one, params)), None)
    shown = done or found[0]
    actual = shown.reason or _said(shown)
    expected = (
        f"{asker} reaches {asked}:{' or '.join(map(str, ports))}{f' and GET {params.path}' if params.path else ''}"
    )
    return Outcome.passed_if(
        done is not None,
        f"{asker} {'reaches' if done else 'does not reach'} {asked}: {actual}.",
        point_to(prepared, asker, expected, actual),
        point_to(prepared, asked, expected, actual, None if done else second),
        by_hand(prepared, actual, f"then: docker compose exec {asker} sh, and ask {asked}:{ports[0]} from there"),
    )


def _ports(context: Context, prepared: Prepared, params: Reaches, member: Member) -> tuple[int, ...]:
    """Return the ports to try: those asked for, else where the service listens or says that it does."""
    if params.ports:
        return params.ports
    limit = Deadline(min(LISTENERS_S, context.deadline.remaining()))
    found = prepared.project.container(member).listeners(limit) or ()
    listening = [one.port for one in found if one.is_reachable]
    named = list(tcp_ports(prepared.model["services"][member.service]))
    ports = tuple(dict.fromkeys([port for port in named if port in listening] or listening or named or member.ports))
    if not ports:
        raise CheckFailed(
            f"{member.service} listens on no port.",
            point_to(prepared, member.service, "a port that others reach", "none", member),
        )
    return ports[:3]


def _walled(
    context: Context, prepared: Prepared, params: Reaches, first: Member, second: Member, ports: tuple[int, ...]
) -> Outcome:
    """Return the outcome for a service that must not be reached."""
    container = prepared.project.container(second)
    found = container.listeners(Deadline(min(LISTENERS_S, context.deadline.remaining())))
    open_ports = [
        port for port in ports if found is None or any(one.port == port and one.is_reachable for one in found)
    ]
    if not open_ports:
        raise CheckFailed(
            f"{second.service} listens on no port {' or '.join(map(str, ports))}: nothing keeps others from it.",
            point_to(prepared, second.service, "a service that listens", "nothing listens there", second),
        )
    networks = (container.inspect().get("NetworkSettings") or {}).get("Networks") or {}
    hosts = (second.service, *(item["IPAddress"] for item in networks.values() if item.get("IPAddress")))
    tried = [_reach(context, prepared, first, (host,), port, params, ONCE_S) for port in open_ports for host in hosts]
    reached = next((one for one in tried if one.is_connected), None)
    actual = f"reached at {reached.address}" if reached else f"not reached by {' nor '.join(hosts)}"
    expected = f"{first.service} does not reach {second.service}:{' or '.join(map(str, open_ports))}"
    return Outcome.passed_if(
        reached is None,
        f"{first.service} {'reaches' if reached else 'does not reach'} {second.service}, which is to be kept from it.",
        point_to(prepared, first.service, expected, actual),
        point_to(prepared, second.service, expected, actual),
        by_hand(prepared, actual),
    )


def _reach(
    context: Context,
    prepared: Prepared,
    first: Member,
    hosts: tuple[str, ...],
    port: int,
    params: Reaches,
    seconds: float,
) -> Reached:
    question = Question(
        hosts=hosts,
        port=port,
        seconds=seconds,
        path="" if params.unreachable else params.path,
        statuses=() if params.unreachable else params.statuses,
        once=params.unreachable,
    )
    context.tell(f"asking {hosts[0]}:{port} from {first.service}")
    return reach(prepared.project.container(first), question, context.deadline)


def _instead(prepared: Prepared, reached: Reached, asker: str, asked: str) -> str:
    """Return who else was reached under the name of a service, as a clause; nothing where it was that one."""
    owners = _owners(prepared)
    if reached.address.startswith("127."):
        there = next((services for services in owners.values() if asker in services), (asker,))
    else:
        there = owners.get(reached.address, (asked,))
    return "" if asked in there else f"{there[0]} answers under its name, at {reached.address}"


def _owners(prepared: Prepared) -> dict[str, tuple[str, ...]]:
    """Return the services at each address: one that shares the network of another has the same."""
    members = prepared.project.members()
    facts = {member.id: prepared.project.container(member).inspect() for member in members}
    found: dict[str, tuple[str, ...]] = {}
    for member in members:
        mode = str((facts[member.id].get("HostConfig") or {}).get("NetworkMode") or "")
        seen = facts.get(mode.removeprefix("container:"), facts[member.id])
        networks = (seen.get("NetworkSettings") or {}).get("Networks") or {}
        for address in filter(None, (item.get("IPAddress") for item in networks.values())):
            found[address] = (*found.get(address, ()), member.service)
    return found


def _holds(reached: Reached, params: Reaches) -> bool:
    return reached.is_connected and not reached.reason and (not params.statuses or reached.status in params.statuses)


def _said(reached: Reached) -> str:
    answer = f", answered by {reached.status}" if reached.status else ""
    return f"connected to {reached.address}{answer}"
