"""Where a Service leads: its endpoints, whose pods they are, and whether something listens there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Cluster
from infra_grader.model.record import Record
from infra_grader.reading.kube_seen import Pod
from infra_grader.reading.kube_target import Chosen

SLICES = ("discovery.k8s.io/v1", "EndpointSlice")


class Endpoint(Record):
    """One address behind a Service."""

    address: str
    is_ready: bool
    pod: str = ""
    owner: str = ""
    """Title of the workload behind it; nothing for an address that is no pod's."""
    state: str = ""
    """What came of connecting to it, as `Reached` says it; nothing where it was not tried."""


class Endpoints(Record):
    """The endpoints of one port of a Service."""

    ports: tuple[int, ...] = ()
    """To which the port leads; none where it names a port that no container has."""
    endpoints: tuple[Endpoint, ...] = ()

    @property
    def ready(self) -> list[Endpoint]:
        """Those that get requests."""
        return [each for each in self.endpoints if each.is_ready]

    @property
    def owners(self) -> list[str]:
        """The workloads behind those that get requests, each once."""
        return sorted({each.owner or each.pod or each.address for each in self.ready})


def await_endpoints(cluster: Cluster, namespace: str, chosen: Chosen, least: int, deadline: Deadline) -> Endpoints:
    """Return the endpoints of a Service's port, as soon as so many are ready, or when the time is up."""
    last = Endpoints()

    def look(slices: list[Mapping[str, Any]]) -> Endpoints | None:
        nonlocal last
        last = endpoints_of(slices, chosen)
        return last if len(last.ready) >= least else None

    resource = cluster.resource(*SLICES)
    if resource is None:
        return last
    labels = f"kubernetes.io/service-name={chosen.service.name}"
    return cluster.await_(resource, namespace, look, deadline, labels=labels) or last


def endpoints_of(slices: Sequence[Mapping[str, Any]], chosen: Chosen) -> Endpoints:
    """Return what EndpointSlices say of a Service's port. Those of another family of addresses are left out."""
    ports: set[int] = set()
    found: dict[str, Endpoint] = {}
    family = "IPv6" if ":" in chosen.service.address else "IPv4"
    for each in slices:
        if chosen.service.address and each.get("addressType") != family:
            continue
        named = each.get("ports") or ()
        ports.update(int(port["port"]) for port in named if _is_meant(port, chosen) and port.get("port"))
        for one in each.get("endpoints") or ():
            is_ready = (one.get("conditions") or {}).get("ready") is not False
            pod = str((one.get("targetRef") or {}).get("name") or "")
            for address in one.get("addresses") or ():
                found[address] = Endpoint(address=address, is_ready=is_ready, pod=pod)
    return Endpoints(ports=tuple(sorted(ports)), endpoints=tuple(sorted(found.values(), key=lambda one: one.address)))


def with_owners(found: Endpoints, pods: Sequence[Pod]) -> Endpoints:
    """Return endpoints with the workloads behind them, told by who owns their pods, not by their labels."""
    owners = {each.name: each.owner for each in pods}
    return found.replace(endpoints=tuple(each.replace(owner=owners.get(each.pod, "")) for each in found.endpoints))


def _is_meant(port: Mapping[str, Any], chosen: Chosen) -> bool:
    return (
        str(port.get("name") or "") == chosen.port.name and str(port.get("protocol") or "TCP") == chosen.port.protocol
    )
