"""The compose.volumes check kind."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from infra_grader.checks.compose._files import ComposeParams, asked, either, find_compose, is_called, point_at
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.compose import Compose
from infra_grader.reading.compose_service import Mount
from infra_grader.reading.pieces import Piece, judge


class Volumes(ComposeParams):
    """Where data must be kept."""

    keeps: Annotated[
        dict[str, str | Annotated[list[str], Meta(min_length=1)]],
        Meta(
            description="Services (globs of names or images), each with the place in its container where a volume must"
            " be mounted; a list names alternatives."
        ),
    ] = msgspec.field(default_factory=dict)
    min: Annotated[int, Meta(ge=1, description="Fewest named volumes that are declared and used.")] = 1
    binds: Annotated[bool, Meta(description="A folder of the submission will do in place of a named volume.")] = False


@check("compose.volumes")
def volumes(context: Context, params: Volumes) -> Outcome:
    """Data that must outlive the containers lies in named volumes, which the file declares and services mount.

    A volume that is declared and mounted nowhere does not count, nor does one that is mounted and not declared.
    """
    compose = find_compose(context, params)
    pieces = [_used(compose, params.min)] if not params.keeps or params.min > 1 else []
    wanted = {name: [at] if isinstance(at, str) else at for name, at in params.keeps.items()}
    pieces += [_kept(compose, name, places, binds=params.binds) for name, places in wanted.items()]
    return judge(compose.path, pieces)


def _used(compose: Compose, least: int) -> Piece:
    declared = compose.top("volumes")
    used = {
        mount.source: mount
        for service in compose.active.values()
        for mount in service.mounts
        if mount.kind == "volume" and mount.source in declared
    }
    expected = f"{least} named volume{'s' * (least != 1)} that services mount"
    first = next(iter(used), None)
    if first is None:
        return asked(False, Evidence(path=compose.path, expected=expected, actual="none"))
    return asked(len(used) >= least, point_at(declared[first], expected, ", ".join(used)))


def _kept(compose: Compose, name: str, places: list[str], *, binds: bool) -> Piece:
    expected = f"{name} keeps {either(places)} in a volume"
    found = [service for service in compose.active.values() if is_called(service, [name])]
    if not found:
        return asked(False, Evidence(path=compose.path, expected=expected, actual=f"there is no {name}"))
    last: Piece | None = None
    for service in found:
        for mount in service.mounts:
            if not any(fnmatchcase(mount.target, place.rstrip("/") or "/") for place in places):
                continue
            problem = _problem(compose, mount, binds=binds)
            last = asked(not problem, point_at(mount.value, expected, problem or f"the volume {mount.source}"))
            if not problem:
                return last
    return last or asked(False, point_at(found[0].value, expected, "nothing is mounted there"))


def _problem(compose: Compose, mount: Mount, *, binds: bool) -> str:
    """Say why what is mounted keeps no data, or nothing."""
    if mount.kind == "bind":
        return "" if binds else f"the folder {mount.source}, no named volume"
    if mount.kind != "volume" or not mount.source:
        return "a volume without a name" if mount.kind == "volume" else f"a {mount.kind}"
    return "" if mount.source in compose.top("volumes") else f"the volume {mount.source}, which is not declared"
