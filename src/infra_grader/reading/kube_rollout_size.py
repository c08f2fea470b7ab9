"""Whether the pods of a workload fit the cluster that the course has in mind, whatever the lab has room for."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.reading.kube_lab import CourseCluster, room_for, size_of, unknown_node_labels
from infra_grader.reading.kube_rollout_seen import Workload
from infra_grader.reading.manifest_workload import Workload as Written


def why_unplaced(
    workload: Workload, written: Written | None, scale: Fraction, cluster: CourseCluster | None, said: str
) -> tuple[str, bool] | None:
    """Return why a pod is not scheduled and whether the lab is why; `None` where nothing is known of either."""
    if cluster is None or written is None:
        return None
    if unknown := unknown_node_labels(written, cluster):
        return f"no node of the course's cluster has the label {unknown[0]}", False
    if what := oversize(workload, written, scale, cluster):
        return what, False
    if (
        "anti-affinity" in said
        and written.pod.get("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution").is_there
        and workload.wanted > cluster.nodes
    ):
        return f"its {workload.wanted} pods may not share nodes, and the course's cluster has {cluster.nodes}", False
    return "the lab has no room for a pod that fits the course's cluster", True


def oversize(workload: Workload, written: Written, scale: Fraction, cluster: CourseCluster) -> str:
    """Return in what way the pods of a workload do not fit the course's cluster; nothing where they do."""
    size = size_of(written, scale)
    room = room_for(size, cluster)
    if room == 0:
        return f"a pod asks for {size.words}, which no node of the course's cluster has"
    if room < workload.wanted:
        return f"its {workload.wanted} pods ask for {size.words} each, and the course's cluster has room for {room}"
    return ""
