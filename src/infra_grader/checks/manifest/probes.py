"""The manifest.probes check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from infra_grader.checks.manifest._findings import (
    Finding,
    Range,
    WorkloadParams,
    chosen_containers,
    chosen_workloads,
    no_containers,
    outcome_of,
)
from infra_grader.plugin import Annotated, Context, Meta, Outcome, Regex, check
from infra_grader.reading.manifest import Field, ManifestSet
from infra_grader.reading.manifest_source import judge_manifests
from infra_grader.reading.manifest_workload import Container, Workload, is_port, port_number, services_of, target_port

WAYS = ("httpGet", "tcpSocket", "grpc", "exec")
IDLE = re.compile(r"\s*(?:(?:/(?:usr/)?bin/)?true|:|exit(?:\s+0)?|echo\b[^|&;]*|sleep\s+[0-9.]+)\s*;?\s*")
SHELLS = re.compile(r"(?:/(?:usr/)?bin/)?(?:ba|da|a)?sh")
SANE = {
    "initialDelaySeconds": (0, 900), "periodSeconds": (1, 600), "timeoutSeconds": (1, 300),
    "failureThreshold": (1, 120), "successThreshold": (1, 20),
}  # fmt: skip
"""Bounds outside of which a number is a slip, whatever the service."""


class Timing(Range, kw_only=True):
    """Bounds of one number of a probe, for the probes that are named."""

    field: Annotated[
        Literal["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold"],
        Meta(description="Which number."),
    ]
    of: Annotated[
        tuple[Literal["liveness", "readiness", "startup"], ...], Meta(min_length=1, description="Of which probes.")
    ] = ("liveness", "readiness", "startup")


class Probes(WorkloadParams):
    """Which probes containers must have, and what these must be like."""

    require: Annotated[
        tuple[Literal["liveness", "readiness", "startup"], ...],
        Meta(min_length=1, description="Probes that every container needs that serves something."),
    ] = ("liveness", "readiness")
    http: Annotated[bool, Meta(description="Whether they must ask over HTTP; else any way of asking will do.")] = False
    path: Annotated[
        Regex | None, Meta(description="What the path of every HTTP probe must match, from its start to its end.")
    ] = None
    timing: Annotated[tuple[Timing, ...], Meta(description="Bounds beyond the usual ones.")] = ()


@check("manifest.probes", capabilities=("command",), measure="percent")
def probes(context: Context, params: Probes) -> Outcome:
    """Containers have the probes that are asked for: they ask a port that is open, in sensible time."""
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: Probes) -> Outcome:
    findings: list[Finding] = []
    for workload in chosen_workloads(found, params):
        containers = _serving(workload, found, params)
        findings += [
            _finding(workload, container, f"{name}Probe", name, params)
            for container in containers
            for name in params.require
        ] or [no_containers(workload)]
    return outcome_of(findings, "Probes", found)


def _serving(workload: Workload, found: ManifestSet, params: Probes) -> list[Container]:
    """Return the containers to which a Service leads; else those that declare ports; else all of them."""
    containers = chosen_containers(workload.containers, params)
    wanted = [
        target_port(port) for service in services_of(workload, found) for port in service.field("spec", "ports").items()
    ]
    served = [each for each in containers if any(is_port(port, target) for port in each.ports for target in wanted)]
    return served or [each for each in containers if each.ports] or containers


def _finding(workload: Workload, container: Container, key: str, name: str, params: Probes) -> Finding:
    probe = container.field.get(key)
    whose = f"{workload.title}, container {container.name or '?'}"
    if not probe.mapping:
        return Finding(False, probe.evidence(f"a {name} probe"), f"{whose} has no {name} probe")
    for field, expected, problem in _faults(workload, probe, name, params):
        return Finding(False, field.evidence(expected), f"the {name} probe of {whose} {problem}")
    way = next(way for way in WAYS if probe.get(way).is_there)
    return Finding(True, probe.get(way).evidence(f"a {name} probe"))


def _faults(workload: Workload, probe: Field, name: str, params: Probes) -> Iterator[tuple[Field, str, str]]:
    """Yield what is wrong with a probe: the field, what it should be, and the problem."""
    ways = [way for way in WAYS if probe.get(way).is_there]
    if len(ways) != 1:
        yield probe, "one of httpGet, tcpSocket, grpc, exec", "asks nothing" if not ways else "asks in two ways"
        return
    way = probe.get(ways[0])
    if params.http and ways[0] != "httpGet":
        yield way, "httpGet", "does not ask over HTTP"
    if ways[0] == "exec":
        yield from _command_faults(way.get("command"))
    else:
        yield from _port_faults(workload, way.get("port"))
    if ways[0] == "httpGet":
        path = way.get("path")
        asked = path.text.partition("?")[0] or ("/" if not path.is_there else "")
        if not asked.startswith("/"):
            yield path, "a path that starts with /", "asks no path"
        elif params.path is not None and not re.fullmatch(params.path, asked[:300].rstrip("/") or "/"):
            yield path, f"a path like {params.path}", f"asks {asked[:100]}"
    yield from _timing_faults(probe, name, params)


def _command_faults(command: Field) -> Iterator[tuple[Field, str, str]]:
    words = [item.text for item in command.items()]
    script = words[-1] if len(words) > 1 and SHELLS.fullmatch(words[0]) else " ".join(words)
    if not words or not script.strip() or IDLE.fullmatch(script[:1000]):
        yield command, "a command that can fail", "runs nothing that can fail"


def _port_faults(workload: Workload, port: Field) -> Iterator[tuple[Field, str, str]]:
    value = port.value
    number = port_number(value)
    if workload.port(value) is not None:
        return
    if not number or number > 65535:
        yield port, "a port that the container declares", f"asks port {value or 0}, which no container declares"
    elif workload.declares_ports:
        yield port, "a port that the container declares", f"asks port {number}, which no container declares"


def _timing_faults(probe: Field, name: str, params: Probes) -> Iterator[tuple[Field, str, str]]:
    for key, (least, most) in SANE.items():
        field = probe.get(key)
        # Kubernetes takes 0 for "not said" except for the delay.
        if field.is_there and (field.number is None or not least <= field.number <= most):
            yield field, f"{least} to {most}", f"has {key} {str(field.value)[:40]!r}"
    if name != "readiness" and probe.get("successThreshold").number not in (None, 1):
        yield probe.get("successThreshold"), "1", "must succeed once, not more often"
    for bound in params.timing:
        if name not in bound.of:
            continue
        field = probe.get(bound.field)
        default = {"periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3, "successThreshold": 1}
        number = field.number if field.is_there else default.get(bound.field, 0)
        if number is None or not bound.admits(number):
            yield field, bound.words, f"has {bound.field} {number}"
