"""Services, workloads and API objects as kinds about a cluster see them, for tests without one."""

from __future__ import annotations

from infra_grader.capabilities.kubernetes_probe import Traffic
from infra_grader.reading.kube_seen import Port, Service, Things, Workload
from infra_grader.reading.kube_target import Chosen

API = Workload(
    kind="Deployment",
    name="api",
    labels={"app": "api"},
    images=("registry/api@sha256:1",),
    ports={"http": 5000},
    replicas=3,
)
WEB = Workload(kind="Deployment", name="web", labels={"app": "web"}, images=("web:1",), replicas=1)
API_SERVICE = Service(
    name="api-service",
    address="10.0.0.7",
    selector={"app": "api"},
    ports=(Port(number=80, target="http", name="web"), Port(number=9090, target=9090, name="metrics")),
)
WEB_SERVICE = Service(name="web", address="10.0.0.8", selector={"app": "web"}, ports=(Port(number=80, target=80),))
THINGS = Things(services=(API_SERVICE, WEB_SERVICE), workloads=(API, WEB))
CHOSEN = Chosen(service=API_SERVICE, port=API_SERVICE.ports[0], workloads=(API,))


def traffic(**changes):
    """Return requests of which none was lost."""
    facts = {"total": 200, "lost": 0, "seconds": 10.0, "gap_s": 0.2, "milliseconds": {"50": 3.0, "95": 9.0, "99": 12.0}}
    return Traffic(**{**facts, **changes})


def policy(spec, name="learners"):
    """Return a NetworkPolicy."""
    return {"kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}
