"""What a check has put into the cluster for a submission, for the kinds that look at it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Resource
from infra_grader.model.outcome import Evidence, NotAssessed
from infra_grader.model.record import Record
from infra_grader.plugin import Context
from infra_grader.reading.manifest import Manifest

HANDLE = "deployed"
"""What a check provides that has put objects into the cluster: a key of `Context.shared((HANDLE, key), ...)`."""
WORKLOADS = (
    *("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"),
    *("ReplicaSet", "ReplicationController", "Pod"),
)

ROLES = ("Role", "ClusterRole")


class DeployedObject(Record, eq=False):
    """An object that the cluster has taken."""

    manifest: Manifest
    """As it was applied: in our namespace, with our images. Its places are those of the learner's files."""
    resource: Resource
    """How the cluster serves its kind."""

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.manifest.kind

    @property
    def name(self) -> str:
        """Its name in the cluster."""
        return self.manifest.name

    @property
    def title(self) -> str:
        """Kind and name, for messages."""
        return self.manifest.title

    def evidence(self, expected: str | None = None, actual: str | None = None) -> Evidence:
        """Return a pointer at the object in the learner's files."""
        return self.manifest.evidence(expected, actual)


class Settling:
    """What a check has disturbed and did not wait for: whoever looks next does, and does not pay for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waits: list[Callable[[], None]] = []

    def leave(self, wait: Callable[[], None]) -> None:
        """Leave a wait, which has to be bounded, to the next one who looks."""
        self._waits.append(wait)

    def settle(self, deadline: Deadline) -> None:
        """Wait for all that was left, while the time of the check stands still."""
        with deadline.paused(), self._lock:
            while self._waits:
                self._waits.pop()()


class Deployed(Record, eq=False):
    """What one check has put into the cluster."""

    namespace: str
    objects: tuple[DeployedObject, ...]
    notes: tuple[Evidence, ...] = ()
    """What is different from the learner's files, in words: namespaces, images, requests, objects that were skipped."""
    scale: str = "1"
    """What the requests of pods were multiplied by."""
    roles: tuple[Manifest, ...] = ()
    """Roles as the learner wrote them, those of the cluster among them: what is applied may grant less."""
    stand_ins: tuple[str, ...] = ()
    """Names of Python's modules for which others stand in: the servers that these would ask are not there either."""
    lacks_images: bool = False
    """Whether images were built for its pods, and none of these names one that they stand for."""
    is_ours: bool = True
    """Whether we have put it there; what a learner has deployed themselves is looked at and never changed."""
    settling: Settling = msgspec.field(default_factory=Settling)

    def of_kind(self, *kinds: str) -> list[DeployedObject]:
        """Return the objects of these kinds."""
        return [each for each in self.objects if each.kind in kinds]

    def named(self, kind: str, name: str) -> DeployedObject | None:
        """Return the object of a kind and name, if it was put there."""
        return next((each for each in self.objects if (each.kind, each.name) == (kind, name)), None)

    @property
    def workloads(self) -> list[DeployedObject]:
        """The objects that make pods, or are some."""
        return self.of_kind(*WORKLOADS)


def deployed_of(context: Context, check_id: str, *, changes: bool = False) -> Deployed:
    """Return what a check has put into the cluster. Raises `NotAssessed` if that check provides nothing.

    With `changes`, also where it is a learner's own deployment, which nobody may change.
    """
    key = context.handle(check_id).get(HANDLE)
    if key is None:
        raise NotAssessed(
            f"{check_id} puts nothing into a cluster.", "Name a check of the kind kubernetes.apply or helm.install."
        )

    def missing() -> Deployed:
        raise NotAssessed(f"What {check_id} has put into the cluster is not here any more.", "Grade again.")

    found: Deployed = context.shared((HANDLE, key), missing, reads_files=False)
    if changes and not found.is_ours:
        raise NotAssessed(
            f"What {check_id} looks at is the learner's own deployment, which grading does not change.",
            "Name a check of the kind kubernetes.apply or helm.install.",
        )
    found.settling.settle(context.deadline)
    return found


def provide(context: Context, key: str, deployed: Deployed) -> tuple[tuple[str, str], ...]:
    """Publish what was put into the cluster under a key, and return the handles for the outcome."""
    context.shared((HANDLE, key), lambda: deployed, reads_files=False)
    return ((HANDLE, key),)
