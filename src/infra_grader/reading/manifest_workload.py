"""Workloads, their pods and containers, and what selects them: how objects of a set belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra_grader.model.record import Record
from infra_grader.reading.manifest import Field, Manifest, ManifestSet

LONG_RUNNING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod", "Rollout")
WORKLOADS = (*LONG_RUNNING, "Job", "CronJob")
SCALABLE = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout")
WORKLOAD_GROUPS = frozenset({"", "apps", "batch", "argoproj.io", "extensions"})
EXPRESSIONS = frozenset({"In", "NotIn", "Exists", "DoesNotExist"})


class Container(Record, kw_only=False):
    """A container of a pod."""

    field: Field
    is_init: bool = False
    """Whether it ends before the others start; an init container that restarts always is a sidecar, and no such one."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.field.get("name").text

    @property
    def image(self) -> str:
        """Its image, or nothing."""
        return self.field.get("image").text

    @property
    def ports(self) -> list[Field]:
        """The ports that it declares."""
        return self.field.get("ports").items()

    def port_named(self, name: str) -> Field | None:
        """Return the declared port of a name."""
        return next((port for port in self.ports if port.get("name").value == name), None)


class Workload(Record, kw_only=False):
    """An object that runs pods."""

    manifest: Manifest

    @property
    def title(self) -> str:
        """Kind and name."""
        return self.manifest.title

    @property
    def template(self) -> Field:
        """What its pods look like: metadata and spec."""
        if self.manifest.kind == "Pod":
            return self.manifest.field()
        if self.manifest.kind == "CronJob":
            return self.manifest.field("spec", "jobTemplate", "spec", "template")
        return self.manifest.field("spec", "template")

    @property
    def pod(self) -> Field:
        """The specification of its pods."""
        return self.template.get("spec")

    @property
    def labels(self) -> dict[str, Any]:
        """The labels of its pods."""
        return self.template.get("metadata", "labels").mapping

    @property
    def selector(self) -> Field:
        """Which pods it takes for its own."""
        return self.manifest.field("spec", "selector")

    @property
    def containers(self) -> list[Container]:
        """Its containers that run as long as the pod, sidecars among them."""
        sidecars = [Container(each) for each in self.pod.get("initContainers").items() if _is_sidecar(each)]
        return [Container(each) for each in self.pod.get("containers").items() if each.mapping] + sidecars

    @property
    def all_containers(self) -> list[Container]:
        """Its containers, those that only prepare the pod too."""
        first = self.pod.get("initContainers").items()
        return self.containers + [Container(each, is_init=True) for each in first if not _is_sidecar(each)]

    @property
    def replicas(self) -> int:
        """How many pods it starts with; one where it does not say."""
        number = self.manifest.field("spec", "replicas").number
        return 1 if number is None else number

    def port(self, wanted: object) -> Field | None:
        """Return the declared container port of a number or a name; `None` where no container declares it."""
        for container in self.containers:
            for port in container.ports:
                if is_port(port, wanted):
                    return port
        return None

    @property
    def declares_ports(self) -> bool:
        """Whether any container says which ports it listens on; to say so is no duty."""
        return any(container.ports for container in self.containers)


def is_port(port: Field, wanted: object) -> bool:
    """Whether a declared port is the one of this number or name; a number in quotes is a number too."""
    number = port.get("containerPort").number
    return wanted is not None and bool(port.get("name").value == wanted or number == port_number(wanted))


def port_number(value: object) -> int:
    """Return a port's number; 0 for a name or nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 5 else 0


def _is_sidecar(container: Field) -> bool:
    return bool(container.get("restartPolicy").value == "Always")


def is_workload(manifest: Manifest) -> bool:
    """Whether an object runs pods."""
    return manifest.kind in WORKLOADS and manifest.group in WORKLOAD_GROUPS


def workloads(found: ManifestSet, *, given: bool = False) -> list[Workload]:
    """Return the workloads of the learner, with `given` those that were handed out too."""
    return [Workload(each) for each in (found.objects if given else found.own) if is_workload(each)]


def selects(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether a selector with `matchLabels` and `matchExpressions` matches labels; an empty one matches everything."""
    wanted = selector.get("matchLabels")
    expressions = selector.get("matchExpressions")
    if not all(labels.get(key) == value for key, value in (wanted.items() if isinstance(wanted, dict) else ())):
        return False
    return all(_holds(each, labels) for each in (expressions if isinstance(expressions, list) else ()))


def selects_plainly(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether a Service's selector, plain labels, matches; an empty one matches nothing."""
    return bool(selector) and all(key in labels and labels[key] == value for key, value in selector.items())


def _holds(expression: Any, labels: Mapping[str, Any]) -> bool:
    if not isinstance(expression, dict) or expression.get("operator") not in EXPRESSIONS:
        return False
    key, operator, values = expression.get("key"), expression["operator"], expression.get("values") or []
    is_there = isinstance(key, str) and key in labels
    if operator in ("Exists", "DoesNotExist"):
        return is_there is (operator == "Exists")
    is_in = isinstance(key, str) and is_there and isinstance(values, list) and labels[key] in values
    return is_in is (operator == "In")


def served_by(service: Manifest, found: ManifestSet) -> list[Workload]:
    """Return the workloads whose pods a Service selects, in its namespace."""
    selector = service.field("spec", "selector").mapping
    return [
        workload
        for workload in workloads(found, given=True)
        if workload.manifest.kind in LONG_RUNNING
        and workload.manifest.shares_namespace(service)
        and selects_plainly(selector, workload.labels)
    ]


def services_of(workload: Workload, found: ManifestSet) -> list[Manifest]:
    """Return the Services that select a workload's pods."""
    return [
        service
        for service in found.all_of_kind("Service")
        if service.shares_namespace(workload.manifest)
        and selects_plainly(service.field("spec", "selector").mapping, workload.labels)
    ]


def target_port(port: Field) -> object:
    """Return where a Service's port leads: its `targetPort`, else its own number."""
    target = port.get("targetPort").value
    return port.get("port").value if target in (None, 0, "") else target


def scalers(found: ManifestSet) -> Iterator[tuple[Manifest, Manifest | None]]:
    """Yield the learner's HorizontalPodAutoscalers with what each one scales, where that is in the set."""
    for scaler in found.of_kind("HorizontalPodAutoscaler"):
        reference = scaler.field("spec", "scaleTargetRef")
        yield scaler, found.named([reference.get("kind").text], reference.get("name").text, scaler)
