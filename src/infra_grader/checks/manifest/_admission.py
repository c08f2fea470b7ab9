"""What the API server refuses though the schema allows it, and what makes an object useless from the start."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.reading.manifest import Field, Manifest
from infra_grader.reading.manifest_quantity import read_quantity
from infra_grader.reading.manifest_workload import Container, Workload, is_workload, selects

Problem = tuple[Field, str, str]
"""The field at fault, what it should be, and what is wrong with it."""

SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9](?:-?[a-z0-9]){0,14}")
NAMED_FREELY = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
SELECTING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


def find_problems(manifest: Manifest) -> Iterator[Problem]:
    """Yield what is wrong with an object beyond its schema."""
    yield from _metadata(manifest)
    if is_workload(manifest):
        workload = Workload(manifest)
        yield from _selector(workload)
        yield from _containers(workload)
    elif manifest.kind == "Service" and not manifest.group:
        yield from _service(manifest)
    elif manifest.kind == "HorizontalPodAutoscaler":
        yield from _scaler(manifest)
    elif manifest.kind in ("ConfigMap", "Secret"):
        for entry in [*manifest.field("data").entries(), *manifest.field("stringData").entries()]:
            if not isinstance(entry.value, str | None):
                yield entry, "text; put it in quotes", f"the value of {str(entry.path[-1])[:60]} is no text"


def _metadata(manifest: Manifest) -> Iterator[Problem]:
    name = manifest.field("metadata", "name")
    if not manifest.name:
        yield name, "a name", "it has no name"
    elif name.text and manifest.kind not in NAMED_FREELY and not SUBDOMAIN.fullmatch(name.text):
        yield (
            name,
            "lower case letters, digits, - and .",
            f"{name.text[:60]!r} is no name that Kubernetes accepts",
        )
    if manifest.kind == "Service" and name.text and not LABEL.fullmatch(name.text):
        yield name, "lower case letters, digits and dashes", f"{name.text[:60]!r} is no name for a Service"
    labels = [*manifest.field("metadata", "labels").entries()]
    if is_workload(manifest):
        labels += Workload(manifest).template.get("metadata", "labels").entries()
    for label in labels:
        if label.value is not None and (
            (not label.text and label.value != "") or not LABEL_VALUE.fullmatch(label.text)
        ):
            yield (
                label,
                "text of at most 63 letters, digits, -, _ and .",
                f"{str(label.value)[:60]!r} is no label's value",
            )
    for note in manifest.field("metadata", "annotations").entries():
        if not isinstance(note.value, str | None):
            yield note, "text; put it in quotes", f"the annotation {str(note.path[-1])[:60]} is no text"


def _selector(workload: Workload) -> Iterator[Problem]:
    if workload.manifest.kind not in SELECTING:
        return
    selector = workload.selector
    is_empty = not selector.get("matchLabels").mapping and not selector.get("matchExpressions").items()
    if is_empty:
        yield selector, "the labels of its pods", "its selector is empty"
    elif not selects(selector.mapping, workload.labels):
        yield selector, "labels of its own template", "its selector does not match the labels of its own pods"


def _containers(workload: Workload) -> Iterator[Problem]:
    containers = workload.all_containers
    if not containers:
        yield workload.pod.get("containers"), "a container", "it has no containers"
    names: set[str] = set()
    volumes = {volume.get("name").text for volume in workload.pod.get("volumes").items()}
    volumes |= {
        each.get("metadata", "name").text for each in workload.manifest.field("spec", "volumeClaimTemplates").items()
    }
    for container in containers:
        if container.name in names or not LABEL.fullmatch(container.name):
            yield (
                container.field.get("name"),
                "a name of its own",
                f"{container.name[:60]!r} is no name for a container, or given twice",
            )
        names.add(container.name)
        yield from _container(container, volumes)


def _container(container: Container, volumes: set[str]) -> Iterator[Problem]:
    if not container.image.strip():
        yield container.field.get("image"), "the name of an image", f"the container {container.name[:60]} has no image"
    for mount in container.field.get("volumeMounts").items():
        name = mount.get("name")
        if name.text not in volumes:
            yield name, "a volume of the pod", f"{str(name.value)[:60]!r} is no volume of the pod"
    for variable in container.field.get("env").items():
        value = variable.get("value")
        if value.is_there and not isinstance(value.value, str):
            yield value, "text; put it in quotes", f"the variable {variable.get('name').text[:60]} is no text"
    yield from _container_ports(container)
    yield from _amounts(container)


def _container_ports(container: Container) -> Iterator[Problem]:
    for port in container.ports:
        number, name = port.get("containerPort"), port.get("name")
        if not 0 < (number.number or 0) < 65536:
            yield number, "1 to 65535", f"{str(number.value)[:20]} is no port"
        if name.is_there and not PORT_NAME.fullmatch(name.text):
            wanted = "at most 15 lower case letters, digits and dashes"
            yield name, wanted, f"{str(name.value)[:40]!r} is no name for a port"


def _amounts(container: Container) -> Iterator[Problem]:
    for kind in ("requests", "limits"):
        for amount in container.field.get("resources", kind).entries():
            name = amount.path[-1]
            number = read_quantity(amount.value)
            limit = read_quantity(container.field.get("resources", "limits", name).value)
            if number is None:
                yield amount, "a quantity such as 500m or 1Gi", f"{str(amount.value)[:40]!r} is no quantity"
            elif kind == "requests" and limit is not None and number > limit:
                yield amount, "at most the limit", f"it requests more {name} than its limit"


def _service(manifest: Manifest) -> Iterator[Problem]:
    ports = manifest.field("spec", "ports").items()
    for port in ports:
        if not 0 < (port.get("port").number or 0) < 65536:
            yield port.get("port"), "1 to 65535", f"{str(port.get('port').value)[:20]} is no port"
        if len(ports) > 1 and not port.get("name").text:
            yield port, "a name for each of several ports", "one of its ports has no name"
    if (
        not ports
        and manifest.field("spec", "type").value != "ExternalName"
        and manifest.field("spec", "clusterIP").value != "None"
    ):
        yield manifest.field("spec", "ports"), "a port", "it has no port"


def _scaler(manifest: Manifest) -> Iterator[Problem]:
    low, high = manifest.field("spec", "minReplicas"), manifest.field("spec", "maxReplicas")
    if high.number is not None and high.number < max(1, low.number or 1):
        yield high, "at least minReplicas, and 1", f"it allows {high.number} pods at most"
