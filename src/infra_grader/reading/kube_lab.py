"""The cluster that a course has in mind, where the lab's is smaller: what fits there is never a learner's fault."""

from __future__ import annotations

import re
from fractions import Fraction

from infra_grader.model.record import Record
from infra_grader.plugin import Annotated, Meta, Params
from infra_grader.reading.manifest_quantity import read_quantity
from infra_grader.reading.manifest_workload import Workload

OF_THE_LAB = re.compile(
    r"quota: infra-grader\b|\binfra-grader-probe-|/infra-grader/|/namespaces/infra-grader-|violates PodSecurity"
    r"|status unknown for quota|failed to sync \w+ cache|kube-root-ca\.crt|\" not registered|network ?plugin"
    r"|registered CSI drivers|context deadline exceeded|timed out waiting for the condition",
    re.IGNORECASE,
)
"""What a cluster says of trouble that is its own, or of our rules; never a learner's fault.

The name of our namespace alone says nothing: it is in what is said of a learner's account and container as well.
"""
NO_IMAGE = "infra-grader.invalid/no-such-image:0"
"""What we update a workload to that must not come up: a host below `invalid` never exists."""
Quantity = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?([mkMGT]|[KMGT]i)?$")]
COMMON_LABELS = ("kubernetes.io/", "node.kubernetes.io/", "topology.kubernetes.io/", "beta.kubernetes.io/")


class CourseCluster(Params):
    """The cluster that the course has in mind."""

    nodes: Annotated[int, Meta(ge=1, le=1000, description="How many nodes it has.")] = 1
    cpu: Annotated[Quantity, Meta(description="Processors of each node.")] = "2"
    memory: Annotated[Quantity, Meta(description="Memory of each node.")] = "4Gi"
    labels: Annotated[
        tuple[str, ...], Meta(description="Labels of its nodes, by their keys, beyond the usual ones.")
    ] = ()


class Size(Record):
    """What the pods of a workload ask for."""

    cpu: Fraction
    memory: Fraction

    @property
    def words(self) -> str:
        """Processors and memory, in words."""
        return f"{float(self.cpu):g} CPU and {float(self.memory / 2**20):,.0f} MiB"


def size_of(workload: Workload, scale: Fraction = Fraction(1)) -> Size:
    """Return what a pod of a workload requests, where ours is the learner's times `scale`; limits stand in."""

    def asked(resource: str) -> Fraction:
        running, first = Fraction(0), Fraction(0)
        for container in workload.all_containers:
            resources = container.field.get("resources")
            said = resources.get("requests", resource).value
            amount = read_quantity(said if said is not None else resources.get("limits", resource).value) or Fraction(0)
            if container.is_init:
                first = max(first, amount)
            else:
                running += amount
        return max(running, first) / scale

    return Size(cpu=asked("cpu"), memory=asked("memory"))


def room_for(size: Size, cluster: CourseCluster) -> int:
    """Return how many pods of a size the course's cluster has room for; many where they ask for nothing."""
    each = [
        (read_quantity(cluster.cpu) or Fraction(0)) // size.cpu if size.cpu else None,
        (read_quantity(cluster.memory) or Fraction(0)) // size.memory if size.memory else None,
    ]
    counted = [int(number) for number in each if number is not None]
    return cluster.nodes * min(counted) if counted else 10_000


def unknown_node_labels(workload: Workload, cluster: CourseCluster) -> list[str]:
    """Return the labels that a workload asks of its node and that no node of the course's cluster has."""
    keys = list(workload.pod.get("nodeSelector").mapping)
    required = workload.pod.get("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    for term in required.get("nodeSelectorTerms").items():
        keys += [each.get("key").text for each in term.get("matchExpressions").items()]
    return [key for key in keys if key not in cluster.labels and not key.startswith(COMMON_LABELS)]
