"""Requests as a small lab can grant them: a share of what the learner asks for, with the same limits.

Autoscalers count in shares of the requests. Their targets for memory grow as the requests shrink: a pod holds too much
at the same number of bytes as before. Those for processors stay: a small lab has a share of the processors, so that a
share of the load makes a pod as busy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from infra_grader.model.outcome import Evidence
from infra_grader.reading.manifest import Field, Manifest
from infra_grader.reading.manifest_quantity import read_quantity
from infra_grader.reading.manifest_workload import Workload, is_workload

UNITS = {"cpu": Fraction(1, 1000), "memory": Fraction(1), "ephemeral-storage": Fraction(1)}
"""Kinds of requests that are scaled, with the smallest step of each."""
SHARED = "cpu"
"""What a smaller load takes less of."""
LARGEST_TARGET = 2**31 - 1


def scale_requests(manifests: Sequence[Manifest], scale: Fraction, notes: list[Evidence]) -> list[Manifest]:
    """Return manifests whose requests are multiplied by a number of at most one, with a note for each workload.

    The data of the manifests must be ours alone, as `rewrite` makes it: it is changed in place.
    """
    if scale == 1:
        return list(manifests)
    asked: dict[tuple[str, str], Mapping[tuple[str, str], Fraction]] = {}
    for each in manifests:
        if is_workload(each):
            before = _requests(Workload(each))
            if _scale(Workload(each), scale):
                asked[each.kind, each.name] = before
                said = f"requests times {float(scale):g}, with the same limits, as this lab is small"
                notes.append(Workload(each).pod.get("containers").evidence(None, said))
    for each in manifests:
        if each.kind == "HorizontalPodAutoscaler":
            target = each.field("spec", "scaleTargetRef")
            key = target.get("kind").text, target.get("name").text
            workload = next((one for one in manifests if (one.kind, one.name) == key), None)
            if key in asked and workload is not None:
                _raise_targets(each, asked[key], _requests(Workload(workload)), notes)
    return list(manifests)


def written(amount: Fraction, resource: str) -> str:
    """Return an amount as a quantity, rounded up to the smallest step."""
    steps = -int(-amount // UNITS[resource])
    return f"{steps}m" if resource == "cpu" else str(steps)


def _containers(workload: Workload) -> Iterator[Field]:
    for key in ("containers", "initContainers"):
        yield from (each for each in workload.pod.get(key).items() if each.mapping)


def _requests(workload: Workload) -> dict[tuple[str, str], Fraction]:
    """Return what each container that runs on requests, by name and resource; a limit alone is a request too."""
    found: dict[tuple[str, str], Fraction] = {}
    for container in workload.containers:
        resources = container.field.get("resources")
        for resource in UNITS:
            said = resources.get("requests", resource)
            amount = read_quantity(said.value if said.is_there else resources.get("limits", resource).value)
            if amount is not None:
                found[container.name, resource] = amount
    return found


def _scale(workload: Workload, scale: Fraction) -> bool:
    """Scale the requests of a workload in place; return whether there were any."""
    found = False
    for holder in [*_containers(workload), workload.pod]:
        resources = holder.get("resources").mapping
        requests, limits = resources.get("requests"), resources.get("limits")
        said = requests if isinstance(requests, dict) else {}
        capped = limits if isinstance(limits, dict) else {}
        made = {
            resource: written(amount * scale, resource)
            for resource in UNITS
            if (amount := read_quantity(said.get(resource, capped.get(resource)))) is not None
        }
        if made:
            resources["requests"] = {**said, **made}
            found = True
    return found


def _raise_targets(
    scaler: Manifest,
    before: Mapping[tuple[str, str], Fraction],
    after: Mapping[tuple[str, str], Fraction],
    notes: list[Evidence],
) -> None:
    """Raise the targets of an autoscaler, in place, by what the requests that it counts in have shrunk."""
    places = []
    for metric in scaler.field("spec", "metrics").items():
        for key in ("resource", "containerResource"):
            source = metric.get(key)
            whose = source.get("name").text, source.get("container").text
            places.append((source.get("target", "averageUtilization"), *whose))
    for field, resource, container in places:
        share = _shrunk(before, after, resource, container)
        if field.number is not None and share != 1 and resource != SHARED:
            made = min(round(field.number * share), LARGEST_TARGET)
            _holder(field)[str(field.path[-1])] = made
            notes.append(field.evidence(f"{made} percent of the requests in this lab", str(field.number)))


def _shrunk(
    before: Mapping[tuple[str, str], Fraction], after: Mapping[tuple[str, str], Fraction], resource: str, container: str
) -> Fraction:
    """Return how many times smaller the requests for a resource are, of one container or of all."""

    def total(amounts: Mapping[tuple[str, str], Fraction]) -> Fraction:
        chosen = (value for (name, kind), value in amounts.items() if kind == resource and container in ("", name))
        return sum(chosen, Fraction(0))

    return total(before) / total(after) if total(after) else Fraction(1)


def _holder(field: Field) -> dict[str, Any]:
    return field.manifest.field(*field.path[:-1]).mapping
