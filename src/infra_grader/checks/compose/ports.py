"""The compose.ports check kind."""

from __future__ import annotations

from infra_grader.checks.compose._files import ComposeParams, find_compose, point_at
from infra_grader.plugin import CheckFailed, Context, Evidence, Measure, Outcome, check
from infra_grader.reading.compose_service import Port
from infra_grader.reading.compose_value import UNKNOWN


class Ports(ComposeParams):
    """Which compose file."""


@check("compose.ports", measure="conflicts")
def ports(context: Context, params: Ports) -> Outcome:
    """No two services publish the same port of the host, so that all of them can be up together."""
    compose = find_compose(context, params)
    published = [
        (service.name, port)
        for service in compose.active.values()
        for port in service.ports
        if port.published and UNKNOWN not in port.published
    ]
    if not published:
        raise CheckFailed(
            f"{compose.path} publishes no port of the host.",
            Evidence(path=compose.path, expected="published ports", actual="none"),
        )
    seen: dict[tuple[str, str], list[tuple[str, Port]]] = {}
    conflicts = []
    for name, port in published:
        others = seen.setdefault((port.published, port.protocol), [])
        for other, its in others:
            if its.address == port.address or "" in (its.address, port.address):
                actual = f"{name} and {other} both publish {port.published}"
                conflicts.append(point_at(port.value, "a port of its own", actual))
                break
        others.append((name, port))
    fine = [point_at(port.value, "a port of its own", f"{name}: {port.published}") for name, port in published]
    first = f": {conflicts[0].actual}" if conflicts else ""
    return Outcome.passed_if(
        not conflicts,
        f"{compose.path} publishes {len(published)} ports with {len(conflicts) or 'no'} conflicts{first}.",
        *(conflicts or fine),
        measure=Measure(value=len(conflicts), unit="conflicts", threshold=0),
    )
