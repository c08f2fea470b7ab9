"""Workloads that are asked for no pods, and so are up at once without doing anything: whether that is meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from infra_grader.model.outcome import Evidence, EvidenceKind
from infra_grader.reading.kube_lab import CourseCluster, unknown_node_labels
from infra_grader.reading.kube_rollout_seen import Rollout, Workload
from infra_grader.reading.live_deployed import Deployed
from infra_grader.reading.manifest_workload import Workload as Written

STARTERS = ("ScaledObject ", "Rollout ")
"""How the titles of objects begin that start pods of a workload which is asked for none, where a cluster has them."""


def idle(
    found: Rollout, deployed: Deployed, cluster: CourseCluster | None, meant: Sequence[str]
) -> Iterator[tuple[Workload, str, Evidence, bool]]:
    """Yield workloads that are asked for no pods, with why that is amiss, and whether the lab is why.

    Not those of the names that are `meant`, as globs, and not those which something starts when it is needed.
    """
    for workload in found.workloads:
        if workload.wanted or any(fnmatchcase(workload.name, each) for each in meant):
            continue
        written = deployed.named(workload.kind, workload.name)
        if workload.kind == "DaemonSet":
            unknown = unknown_node_labels(Written(written.manifest), cluster) if written and cluster else []
            label = f"no node of the course's cluster has the label {unknown[0]}" if unknown else ""
            seen = _seen(workload, "a node that takes its pods", label or "none")
            yield workload, label or "no node takes its pods", seen, not unknown
        elif not _is_started_later(workload, deployed):
            replicas = written.manifest.field("spec", "replicas") if written else None
            place = replicas.evidence("at least 1") if replicas is not None and replicas.is_there else None
            yield workload, "it is asked for no pods", place or _seen(workload, "at least 1 pod", "none"), False


def _is_started_later(workload: Workload, deployed: Deployed) -> bool:
    """Whether something scales the workload up from none, or would if this cluster had it."""
    if any(str(note.actual or "").startswith(STARTERS) for note in deployed.notes):
        return True
    for each in deployed.objects:
        spec = each.manifest.field("spec")
        targets = [spec.get(key, "name").text for key in ("scaleTargetRef", "workloadRef")]
        # A HorizontalPodAutoscaler leaves alone what has no pods, unless none is its own least number.
        is_scaler = each.kind != "HorizontalPodAutoscaler" or spec.get("minReplicas").value == 0
        if workload.name in targets and is_scaler:
            return True
    return False


def _seen(workload: Workload, expected: str, actual: str) -> Evidence:
    return Evidence(kind=EvidenceKind.FIELD, path=workload.title, expected=expected, actual=actual)
