"""The compose.networks check kind."""

from __future__ import annotations

from itertools import combinations

from infra_grader.checks.compose._files import ComposeParams, asked, either, find_compose, is_called, point_at
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.compose import Compose
from infra_grader.reading.compose_service import Service
from infra_grader.reading.pieces import Piece, judge

Group = Annotated[list[str], Meta(min_length=2)]
LOCAL = ("127.", "[::1]", "localhost")


class Networks(ComposeParams):
    """How the services must be connected, and how kept apart."""

    min: Annotated[int, Meta(ge=0, description="Fewest networks that are declared and that a service joins.")] = 1
    shared: Annotated[
        tuple[Group, ...], Meta(description="Groups of services (globs of names or images) that must share a network.")
    ] = ()
    apart: Annotated[
        tuple[Group, ...], Meta(description="Groups of services of which no two may share a network.")
    ] = ()
    unpublished: Annotated[
        tuple[str, ...], Meta(description="Services that must publish no port beyond the machine itself.")
    ] = ()


@check("compose.networks")
def networks(context: Context, params: Networks) -> Outcome:
    """The services are connected by networks that the file declares, and kept apart where that is asked for.

    A network that is declared and that no service joins does not count.
    """
    compose = find_compose(context, params)
    pieces = [_used(compose, params.min)] if params.min else []
    pieces += [_shared(compose, group) for group in params.shared]
    pieces += [_apart(compose, group) for group in params.apart]
    pieces += [_unpublished(compose, name) for name in params.unpublished]
    return judge(compose.path, pieces or [_used(compose, 1)])


def _used(compose: Compose, least: int) -> Piece:
    joined = {name for service in compose.active.values() for name in service.networks}
    found = {name: value for name, value in compose.top("networks").items() if name in joined}
    expected = f"{least} declared network{'s' * (least != 1)} that services join"
    actual = ", ".join(found) or "none"
    first = next(iter(found.values()), None)
    if first is None:
        return asked(False, Evidence(path=compose.path, expected=expected, actual=actual))
    return asked(len(found) >= least, point_at(first, expected, actual))


def _find(compose: Compose, name: str) -> list[Service]:
    return [service for service in compose.active.values() if is_called(service, [name])]


def _shared(compose: Compose, group: list[str]) -> Piece:
    expected = f"{' and '.join(group)} share a network"
    found = [_find(compose, name) for name in group]
    if not all(found):
        absent = next(name for name, services in zip(group, found, strict=True) if not services)
        return asked(False, Evidence(path=compose.path, expected=expected, actual=f"there is no {absent}"))
    sets = [{name for service in services for name in service.networks} for services in found]
    common = set.intersection(*sets)
    return asked(bool(common), point_at(found[0][0].value, expected, either(sorted(common)) or "they share none"))


def _apart(compose: Compose, group: list[str]) -> Piece:
    expected = f"{' and '.join(group)} share no network"
    found = [_find(compose, name) for name in group]
    if not all(found):
        absent = next(name for name, services in zip(group, found, strict=True) if not services)
        return asked(False, Evidence(path=compose.path, expected=expected, actual=f"there is no {absent}"))
    for first, second in combinations(found, 2):
        for one in first:
            for other in second:
                if common := one.networks.keys() & other.networks.keys():
                    actual = f"{one.name} and {other.name} share {min(common)}"
                    return asked(False, point_at(one.value, expected, actual))
    return asked(True, point_at(found[0][0].value, expected, "they share none"))


def _unpublished(compose: Compose, name: str) -> Piece:
    expected = f"{name} publishes no port"
    found = _find(compose, name)
    if not found:
        return asked(False, Evidence(path=compose.path, expected=expected, actual=f"there is no {name}"))
    for service in found:
        for port in service.ports:
            if not port.address.startswith(LOCAL):
                return asked(False, point_at(port.value, expected, f"{port.published or 'any'}:{port.target}"))
    return asked(True, point_at(found[0].value, expected, "none is published"))
