"""Objects found by the part that they play for a workload, as their names are the learner's to choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal

from infra_grader.reading.live_deployed import Deployed
from infra_grader.reading.manifest_workload import Workload, selects, selects_plainly

Role = Literal["serves", "scales", "protects", "isolates"]
KINDS: Mapping[str, tuple[str, str]] = {
    "serves": ("v1", "Service"),
    "scales": ("autoscaling/v2", "HorizontalPodAutoscaler"),
    "protects": ("policy/v1", "PodDisruptionBudget"),
    "isolates": ("networking.k8s.io/v1", "NetworkPolicy"),
}
"""The kind of object that plays each part."""


def plays(role: str, found: Mapping[str, Any], deployed: Deployed, names: Sequence[str]) -> bool:
    """Whether an object of the cluster plays a part for one of the workloads that were deployed, of these names."""
    chosen = [each for each in deployed.workloads if not names or any(fnmatchcase(each.name, name) for name in names)]
    ask = PARTS[role]
    return any(ask(found.get("spec") or {}, Workload(each.manifest)) for each in chosen)


def _serves(spec: Mapping[str, Any], workload: Workload) -> bool:
    return selects_plainly(spec.get("selector") or {}, workload.labels)


def _scales(spec: Mapping[str, Any], workload: Workload) -> bool:
    target = spec.get("scaleTargetRef") or {}
    return (target.get("kind"), target.get("name")) == (workload.manifest.kind, workload.manifest.name)


def _protects(spec: Mapping[str, Any], workload: Workload) -> bool:
    return "selector" in spec and selects(spec["selector"] or {}, workload.labels)


def _isolates(spec: Mapping[str, Any], workload: Workload) -> bool:
    return selects(spec.get("podSelector") or {}, workload.labels)


PARTS: Mapping[str, Callable[[Mapping[str, Any], Workload], bool]] = {
    "serves": _serves,
    "scales": _scales,
    "protects": _protects,
    "isolates": _isolates,
}
