"""HorizontalPodAutoscalers as they are in a cluster: whom they scale, what they count by, and what they say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Cluster
from infra_grader.model.record import Record
from infra_grader.reading.kube_seen import Workload
from infra_grader.reading.manifest_quantity import read_quantity

SCALERS = ("autoscaling/v2", "HorizontalPodAutoscaler")
NO_REQUEST = "missing request for"
PROBE_NAME = "infra-grader-probe-"
"""What the names of our probes begin with."""
Found = TypeVar("Found")
TOLERANCE = 1.1
"""How many times its target a metric has to exceed before a scaler acts."""


class Scaler(Record):
    """A scaler at a moment."""

    name: str
    target: str
    """Kind and name of what it scales."""
    least: int
    most: int
    current: int = 0
    """Pods that it counts."""
    desired: int = 0
    """Pods that it wants."""
    resources: tuple[str, ...] = ()
    """Resources by whose use, as a share of the requests, it scales."""
    used: Mapping[str, float] = {}
    """What it sees of each resource, as a multiple of its target."""
    has_behavior: bool = False
    """Whether it says itself how it scales."""
    is_active: bool = False
    """Whether it has metrics to scale by."""
    reason: str = ""
    """Why it has not."""
    message: str = ""

    @property
    def lacks_request(self) -> bool:
        """Whether it says that a container makes no request that it counts by, and not one of a probe of ours.

        Pods of ours with a workload's labels are counted as its own while they are there, and a little longer.
        """
        return NO_REQUEST in self.message and PROBE_NAME not in self.message

    @property
    def pressure(self) -> float:
        """The largest multiple of a target that it sees."""
        return max(self.used.values(), default=0.0)


def see_scalers(cluster: Cluster, namespace: str) -> list[Scaler]:
    """Return the scalers of a namespace."""
    resource = cluster.resource(*SCALERS)
    return [scaler_of(each) for each in cluster.list(resource, namespace)] if resource is not None else []


def await_scaler(
    cluster: Cluster, namespace: str, name: str, look: Callable[[Scaler], Found | None], deadline: Deadline
) -> Found | None:
    """Return what `look` gives for a scaler, as soon as that is not `None`; `None` when the time is up."""
    resource = cluster.resource(*SCALERS)
    if resource is None:
        return None

    def see(found: list[Mapping[str, Any]]) -> Found | None:
        return look(scaler_of(found[0])) if found else None

    return cluster.await_(resource, namespace, see, deadline, fields=f"metadata.name={name}")


def template_of(cluster: Cluster, namespace: str, workload: Workload) -> Mapping[str, Any]:
    """Return the template of a workload's pods; an empty one where it is gone."""
    resource = cluster.resource("apps/v1", workload.kind)
    found = cluster.get(resource, workload.name, namespace) if resource is not None else None
    template: Mapping[str, Any] = ((found or {}).get("spec") or {}).get("template") or {}
    return template


def scaler_of(found: Mapping[str, Any]) -> Scaler:
    """Return a scaler out of the API's object."""
    spec, status = found.get("spec") or {}, found.get("status") or {}
    target = spec.get("scaleTargetRef") or {}
    conditions: Mapping[str, Any] = {one.get("type"): one for one in status.get("conditions") or ()}
    active, able = conditions.get("ScalingActive") or {}, conditions.get("AbleToScale") or {}
    bad = able if able.get("status") == "False" else active
    metrics = spec.get("metrics") or ()
    return Scaler(
        name=found["metadata"]["name"],
        target=f"{target.get('kind')} {target.get('name')}",
        least=int(spec.get("minReplicas") or 1),
        most=int(spec.get("maxReplicas") or 0),
        current=int(status.get("currentReplicas") or 0),
        desired=int(status.get("desiredReplicas") or 0),
        resources=tuple(
            str(each["resource"].get("name"))
            for each in metrics
            if each.get("type") == "Resource" and "averageUtilization" in (each["resource"].get("target") or {})
        ),
        has_behavior=bool(spec.get("behavior")),
        used=_used(metrics, status.get("currentMetrics") or ()),
        is_active=active.get("status") == "True" and bad is active,
        reason=str(bad.get("reason") or "no condition yet"),
        message=str(bad.get("message") or ""),
    )


def lacking(template: Mapping[str, Any], resources: Sequence[str]) -> list[str]:
    """Return the containers of a pod template that make no request of a resource by whose use is scaled."""
    containers = (template.get("spec") or {}).get("containers") or ()
    found = []
    for each in containers:
        own = each.get("resources") or {}
        asked = {**(own.get("limits") or {}), **(own.get("requests") or {})}  # a limit alone is a request as well
        found += [f"{each.get('name')}: {name}" for name in resources if name not in asked]
    return found


def for_workload(scalers: Sequence[Scaler], workload: Workload) -> Scaler | None:
    """Return the scaler that has a workload as its target."""
    return next((each for each in scalers if each.target == workload.title), None)


def _used(wanted: Sequence[Mapping[str, Any]], current: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return each resource that is seen, of pods or of one container, as a multiple of its target."""
    targets = {_title(each): _resource(each).get("target") or {} for each in wanted}
    found = {}
    for each in current:
        now, target = _resource(each).get("current") or {}, targets.get(_title(each)) or {}
        key = "averageUtilization" if "averageUtilization" in target else "averageValue"
        amount, bound = read_quantity(now.get(key)), read_quantity(target.get(key))
        if _resource(each) and amount is not None and bound:
            found[_title(each)] = round(float(amount / bound), 2)
    return found


def _resource(metric: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = metric.get("resource") or metric.get("containerResource") or {}
    return found


def _title(metric: Mapping[str, Any]) -> str:
    """Return the name of the resource that is counted, and the container's where it is of one alone."""
    named = _resource(metric)
    return " of ".join(str(named[key]) for key in ("name", "container") if key in named)
