"""The manifest.selects check kind."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.checks.manifest._findings import Finding, outcome_of
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.manifest import Field, Manifest, ManifestSet
from infra_grader.reading.manifest_source import ManifestParams, judge_manifests
from infra_grader.reading.manifest_workload import Workload, port_number, served_by, target_port


class Selects(ManifestParams):
    """Which Services must lead to pods."""

    types: Annotated[
        tuple[str, ...],
        Meta(description="Types of Services that must be there and lead to pods: ClusterIP, LoadBalancer, ..."),
    ] = ()


@check("manifest.selects", capabilities=("command",), measure="percent")
def selects(context: Context, params: Selects) -> Outcome:
    """Every Service selects the pods of a workload, in its namespace, and leads to a port that they declare."""
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: Selects) -> Outcome:
    services = [each for each in found.of_kind("Service") if _leads_to_pods(each)]
    if not services:
        raise found.absent("Service for pods")
    findings = [finding for service in services for finding in _findings(service, found)]
    if not findings:
        raise found.absent("Service for pods of its own")
    for kind in params.types:
        fitting = [each for each in services if _type(each) == kind]
        is_met = any(served_by(each, found) for each in fitting)
        field = (fitting or services)[0].field("spec", "type")
        findings.append(
            Finding(is_met, field.evidence(f"a Service of type {kind}"), f"no Service of type {kind} leads to pods")
        )
    return outcome_of(findings, "Services", found)


def _leads_to_pods(service: Manifest) -> bool:
    """Whether it is a Service that should select pods; some stand for a name elsewhere, or for an API object's own."""
    return service.group == "" and _type(service) != "ExternalName"


def _type(service: Manifest) -> str:
    return service.field("spec", "type").text or "ClusterIP"


def _findings(service: Manifest, found: ManifestSet) -> Iterator[Finding]:
    selector = service.field("spec", "selector")
    behind = served_by(service, found)
    # What could not be read, or would have to be fetched, may be what it selects.
    if not behind and found.missing and selector.mapping:
        return
    yield Finding(
        bool(behind),
        selector.evidence("the labels of a workload's pods"),
        f"{service.title} selects no pods of any workload" if selector.mapping else f"{service.title} selects nothing",
    )
    ports = service.field("spec", "ports").items()
    if not ports and service.field("spec", "clusterIP").value != "None":
        yield Finding(False, service.field("spec", "ports").evidence("a port"), f"{service.title} has no port")
    for port in ports if behind else []:
        yield _port(service, port, behind)


def _port(service: Manifest, port: Field, behind: list[Workload]) -> Finding:
    target = target_port(port)
    field = port.get("targetPort") if port.get("targetPort").is_there else port.get("port")
    lost = next((workload for workload in behind if not _listens(workload, target)), None)
    if not port_number(port.get("port").value):
        return Finding(False, port.get("port").evidence("a port above 0"), f"{service.title} has no port")
    return Finding(
        lost is None,
        field.evidence("a port that the pods declare"),
        f"{service.title} leads to port {str(target)[:40]}, which {lost.title if lost else ''} does not declare",
    )


def _listens(workload: Workload, target: object) -> bool:
    """Whether pods declare a port; a number need not be declared where no container declares any."""
    is_silent = not workload.declares_ports and port_number(target) > 0
    return workload.port(target) is not None or is_silent
