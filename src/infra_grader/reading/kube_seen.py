"""Services, workloads and pods of a namespace as they were seen, and how they belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra_grader.capabilities.kubernetes import Cluster
from infra_grader.capabilities.kubernetes_probe_pods import PROBE_LABEL
from infra_grader.model.record import Record
from infra_grader.reading.manifest_workload import selects_plainly

WORKLOADS = (("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"))
REPLICA_SETS = ("apps/v1", "ReplicaSet")
NO_ADDRESS = "None"


class Port(Record):
    """A port of a Service."""

    number: int
    target: int | str
    """The port of the pods, by number or name."""
    name: str = ""
    protocol: str = "TCP"


class Service(Record):
    """A Service that has a selector or endpoints of its own."""

    name: str
    address: str
    """Its cluster address; nothing where it is headless."""
    selector: Mapping[str, str] = {}
    ports: tuple[Port, ...] = ()
    kind: str = "ClusterIP"

    @property
    def title(self) -> str:
        """Kind and name."""
        return f"Service {self.name}"

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether it selects pods with these labels."""
        return selects_plainly(self.selector, labels)


class Workload(Record):
    """An object that keeps pods running."""

    kind: str
    name: str
    labels: Mapping[str, str] = {}
    """Of its pods."""
    images: tuple[str, ...] = ()
    ports: Mapping[str, int] = {}
    """Numbers of its containers' ports by their names."""
    replicas: int = 0
    """How many pods it is asked for."""

    @property
    def title(self) -> str:
        """Kind and name."""
        return f"{self.kind} {self.name}"


class Pod(Record):
    """A pod, and whose it is."""

    name: str
    uid: str
    owner: str
    """Title of the workload behind it, such as `Deployment api`; of the pod itself where nobody owns it."""
    is_ready: bool
    is_ending: bool
    address: str = ""
    labels: Mapping[str, str] = {}


class Things(Record):
    """What a namespace holds at a moment."""

    services: tuple[Service, ...] = ()
    workloads: tuple[Workload, ...] = ()
    namespace: str = ""

    def behind(self, service: Service) -> list[Workload]:
        """Return the workloads whose pods a Service selects."""
        return [each for each in self.workloads if service.selects(each.labels)]


def see_things(cluster: Cluster, namespace: str) -> Things:
    """Return the Services and workloads of a namespace that are not ours."""
    services = [_service(each) for each in _listed(cluster, "v1", "Service", namespace)]
    workloads = [
        _workload(kind, each) for version, kind in WORKLOADS for each in _listed(cluster, version, kind, namespace)
    ]
    return Things(services=tuple(each for each in services if each), workloads=tuple(workloads), namespace=namespace)


def see_pods(cluster: Cluster, namespace: str) -> tuple[Pod, ...]:
    """Return the pods of a namespace that are not ours, with the workloads behind them."""
    owners = {}
    for each in _listed(cluster, *REPLICA_SETS, namespace):
        owners[f"ReplicaSet {each['metadata']['name']}"] = owner_of(each)
    return pods_of(list(_listed(cluster, "v1", "Pod", namespace)), owners)


def pods_of(pods: list[Mapping[str, Any]], owners: Mapping[str, str]) -> tuple[Pod, ...]:
    """Return pods out of the API's objects; `owners` says who is behind a ReplicaSet, by its title."""
    found = []
    for each in pods:
        meta, status = each["metadata"], each.get("status") or {}
        owner = owner_of(each)
        found.append(
            Pod(
                name=meta["name"],
                uid=meta.get("uid", ""),
                owner=owners.get(owner, owner) or f"Pod {meta['name']}",
                is_ready=is_ready(each),
                is_ending=bool(meta.get("deletionTimestamp")),
                address=str(status.get("podIP") or ""),
                labels=meta.get("labels") or {},
            )
        )
    return tuple(sorted(found, key=lambda pod: pod.name))


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod is ready, and not on its way out."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


def ends_for_memory(pods: list[Mapping[str, Any]], service: Service) -> frozenset[tuple[str, str, str]]:
    """Return pod, container and time of each end behind a Service for needing more memory than the limit.

    The last one of each container; those of the same container at other times show in what was seen before.
    """
    found = set()
    for pod in pods:
        if not service.selects(pod["metadata"].get("labels") or {}):
            continue
        for each in (pod.get("status") or {}).get("containerStatuses") or ():
            for state in (each.get("state") or {}, each.get("lastState") or {}):
                ended = state.get("terminated") or {}
                if ended.get("reason") == "OOMKilled":
                    found.add((pod["metadata"]["name"], str(each["name"]), str(ended.get("finishedAt") or "")))
    return frozenset(found)


def owner_of(found: Mapping[str, Any]) -> str:
    """Return kind and name of the object that manages this one, or nothing."""
    for each in found["metadata"].get("ownerReferences") or ():
        if each.get("controller"):
            return f"{each.get('kind')} {each.get('name')}"
    return ""


def is_ours(found: Mapping[str, Any]) -> bool:
    """Whether an object is a probe of ours."""
    return PROBE_LABEL in (found["metadata"].get("labels") or {})


def _listed(cluster: Cluster, version: str, kind: str, namespace: str) -> Iterator[Mapping[str, Any]]:
    resource = cluster.resource(version, kind)
    if resource is not None:
        yield from (each for each in cluster.list(resource, namespace) if not is_ours(each))


def _service(found: Mapping[str, Any]) -> Service | None:
    """Return a Service; none for one that is only another name for a host elsewhere."""
    spec = found.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return None
    address = str(spec.get("clusterIP") or "")
    ports = (
        Port(
            number=each["port"],
            target=each.get("targetPort") or each["port"],
            name=str(each.get("name") or ""),
            protocol=str(each.get("protocol") or "TCP"),
        )
        for each in spec.get("ports") or ()
    )
    return Service(
        name=found["metadata"]["name"],
        address="" if address == NO_ADDRESS else address,
        selector=spec.get("selector") or {},
        ports=tuple(ports),
        kind=str(spec.get("type") or "ClusterIP"),
    )


def _workload(kind: str, found: Mapping[str, Any]) -> Workload:
    spec = found.get("spec") or {}
    template = spec.get("template") or {}
    containers = (template.get("spec") or {}).get("containers") or ()
    status = found.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0) if kind == "DaemonSet" else spec.get("replicas", 1)
    return Workload(
        kind=kind,
        name=found["metadata"]["name"],
        labels=(template.get("metadata") or {}).get("labels") or {},
        ports={
            str(port["name"]): int(port["containerPort"])
            for each in containers
            for port in each.get("ports") or ()
            if port.get("name")
        },
        images=tuple(str(each.get("image") or "") for each in containers),
        replicas=int(wanted),
    )
