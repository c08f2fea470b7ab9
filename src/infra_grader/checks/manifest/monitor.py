"""The manifest.monitor check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from infra_grader.checks.manifest._findings import Finding, outcome_of
from infra_grader.plugin import Annotated, Context, Meta, Outcome, Regex, check
from infra_grader.reading.manifest import Field, Manifest, ManifestSet
from infra_grader.reading.manifest_quantity import read_duration
from infra_grader.reading.manifest_source import ManifestParams, judge_manifests
from infra_grader.reading.manifest_workload import (
    Workload,
    is_port,
    port_number,
    selects,
    served_by,
    target_port,
    workloads,
)

SCRAPE = "prometheus.io/scrape"
Way = Literal["ServiceMonitor", "PodMonitor", "annotations"]


class Monitor(ManifestParams):
    """How Prometheus must be told what to scrape."""

    ways: Annotated[
        tuple[Way, ...], Meta(min_length=1, description="Ways that are right; the one that does best counts.")
    ] = ("ServiceMonitor", "PodMonitor", "annotations")
    path: Annotated[Regex, Meta(description="What the path of the metrics must match, from start to end.")] = (
        "/metrics/?"
    )


@check("manifest.monitor", capabilities=("command",), measure="percent")
def monitor(context: Context, params: Monitor) -> Outcome:
    """Prometheus finds the pods: a monitor that matches a Service's labels and port name, or fitting annotations."""
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: Monitor) -> Outcome:
    tried: list[Outcome] = []
    for way in params.ways:
        findings = list(WAYS[way](found, params))
        if findings:
            tried.append(outcome_of(findings, f"Scraping by {way}", found))
    if not tried:
        raise found.absent(f"way to scrape ({', '.join(params.ways)})")
    return max(tried, key=lambda outcome: outcome.fraction)


def _by_service_monitor(found: ManifestSet, params: Monitor) -> Iterator[Finding]:
    for each in found.of_kind("ServiceMonitor"):
        services = [
            service
            for service in found.all_of_kind("Service")
            if _reaches(each, service) and selects(each.field("spec", "selector").mapping, service.labels)
        ]
        selector = each.field("spec", "selector")
        is_said = bool(
            selector.get("matchLabels").mapping or selector.get("matchExpressions").items() or selector.value == {}
        )
        yield Finding(
            bool(services) and is_said,
            selector.evidence("the labels of a Service"),
            f"{each.title} matches the labels of no Service",
        )
        yield from _endpoints(each, "endpoints", params, [_ports_of(service, found) for service in services])


def _ports_of(service: Manifest, found: ManifestSet) -> list[tuple[str, object]]:
    """Return name and target of each port of a Service that leads to pods."""
    if not served_by(service, found):
        return []
    return [(port.get("name").text, target_port(port)) for port in service.field("spec", "ports").items()]


def _by_pod_monitor(found: ManifestSet, params: Monitor) -> Iterator[Finding]:
    for each in found.of_kind("PodMonitor"):
        selector = each.field("spec", "selector")
        matched = [
            workload
            for workload in workloads(found, given=True)
            if _reaches(each, workload.manifest) and selects(selector.mapping, workload.labels)
        ]
        yield Finding(
            bool(matched) and selector.is_there,
            selector.evidence("the labels of a workload's pods"),
            f"{each.title} matches the labels of no pods",
        )
        ports = [
            [
                (port.get("name").text, port.get("containerPort").value)
                for container in workload.containers
                for port in container.ports
            ]
            for workload in matched
        ]
        yield from _endpoints(each, "podMetricsEndpoints", params, ports)


def _reaches(monitor: Manifest, other: Manifest) -> bool:
    """Whether a monitor looks into the namespace of an object."""
    chosen = monitor.field("spec", "namespaceSelector")
    if chosen.get("any").value is True:
        return True
    names = [item.text for item in chosen.get("matchNames").items()]
    if names:
        return not other.namespace or other.namespace in names
    return monitor.shares_namespace(other)


def _endpoints(
    monitor: Manifest, key: str, params: Monitor, ports: Sequence[Sequence[tuple[str, object]]]
) -> Iterator[Finding]:
    """Yield whether a monitor's endpoints name a port of what it matches, and a path and times that make sense."""
    endpoints = monitor.field("spec", key)
    if not endpoints.items():
        yield Finding(False, endpoints.evidence("an endpoint"), f"{monitor.title} has no endpoint")
    for endpoint in endpoints.items():
        name, number = endpoint.get("port"), endpoint.get("targetPort")
        seen = name if name.is_there or not number.is_there else number
        is_met = any(_is_named(name, number, port) for its in ports for port in its)
        yield Finding(
            is_met,
            seen.evidence("the name of a port", None),
            f"{monitor.title} scrapes port {str(seen.value)[:40]!r}, which is the name of no port there",
        )
        yield _path(monitor, endpoint.get("path"), params)
        yield from _times(monitor, endpoint)


def _is_named(name: Field, number: Field, port: tuple[str, object]) -> bool:
    if name.text:
        return port[0] == name.text
    return number.value not in (None, 0, "") and number.value == port[1]


def _path(monitor: Manifest, field: Field, params: Monitor) -> Finding:
    path = "/metrics" if not field.is_there else field.text
    is_met = re.fullmatch(params.path, path[:300]) is not None
    return Finding(
        is_met, field.evidence(f"a path like {params.path}", path or None), f"{monitor.title} asks {path[:60]!r}"
    )


def _times(monitor: Manifest, endpoint: Field) -> Iterator[Finding]:
    interval, timeout = endpoint.get("interval"), endpoint.get("scrapeTimeout")
    if not interval.is_there and not timeout.is_there:
        return
    every, most = read_duration(interval.value), read_duration(timeout.value)
    is_met = (every is not None or not interval.is_there) and (most is not None or not timeout.is_there)
    if every is not None and most is not None:
        is_met = is_met and 0 < most <= every
    problem = f"{monitor.title} has an interval or a timeout that cannot be kept"
    yield Finding(is_met, interval.evidence("an interval, not below the timeout"), problem)


def _by_annotations(found: ManifestSet, params: Monitor) -> Iterator[Finding]:
    for workload in workloads(found):
        notes = workload.template.get("metadata", "annotations")
        if notes.get(SCRAPE).is_there:
            yield from _annotated(workload.title, notes, [workload], params)
    for service in found.of_kind("Service"):
        notes = service.field("metadata", "annotations")
        if notes.get(SCRAPE).is_there:
            yield from _annotated(service.title, notes, served_by(service, found), params)


def _annotated(title: str, notes: Field, behind: Sequence[Workload], params: Monitor) -> Iterator[Finding]:
    yield Finding(
        notes.get(SCRAPE).value == "true", notes.get(SCRAPE).evidence('"true"'), f"{title} is not marked to be scraped"
    )
    port, path = notes.get("prometheus.io/port"), notes.get("prometheus.io/path")
    number = port_number(port.value) if isinstance(port.value, str) else 0
    declared = [each for workload in behind for container in workload.containers for each in container.ports]
    is_open = any(is_port(each, number) for each in declared) or (bool(behind) and not declared and number > 0)
    if not port.is_there:
        is_open = bool(declared)  # Prometheus then takes every port that the pods declare
    yield Finding(
        is_open, port.evidence("a port that the pods declare, as text"), f"{title} is scraped at no open port"
    )
    asked = path.text if path.is_there else "/metrics"
    yield Finding(
        re.fullmatch(params.path, asked[:300]) is not None,
        path.evidence(f"a path like {params.path}", asked or None),
        f"{title} is scraped at {asked[:60]!r}",
    )


WAYS = {"ServiceMonitor": _by_service_monitor, "PodMonitor": _by_pod_monitor, "annotations": _by_annotations}
