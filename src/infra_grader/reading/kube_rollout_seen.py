"""How workloads came up in a cluster: what was seen of them, of their pods and containers."""

from __future__ import annotations

from infra_grader.model.record import Record

WAITING = ("", "ContainerCreating", "PodInitializing")
"""Why a container waits in which nothing is wrong."""


class Event(Record):
    """Something that the cluster told about an object."""

    kind: str
    name: str
    reason: str
    message: str
    count: int = 1
    is_warning: bool = True


class Container(Record):
    """A container of a pod."""

    name: str
    image: str
    is_init: bool = False
    is_ready: bool = False
    is_running: bool = False
    restarts: int = 0
    waits: str = ""
    """Why it does not run: `CrashLoopBackOff`, `ImagePullBackOff`, `CreateContainerConfigError`..."""
    message: str = ""
    ended: str = ""
    """Why it ended, now or the last time: `Error`, `OOMKilled`, `Completed`."""
    exit_status: int | None = None
    """Of the same end."""
    log: str = ""
    """The last lines that it printed, before it was started again if it was; only where something is wrong."""

    @property
    def is_broken(self) -> bool:
        """Whether it does not do what a container is there for: run, or prepare the pod."""
        if self.is_init:
            return self.ended != "Completed"
        return not self.is_ready


class Pod(Record):
    """A pod of a workload."""

    name: str
    workload: str
    """Title of the workload."""
    phase: str
    reason: str = ""
    """Why it failed as a whole: `Evicted`."""
    message: str = ""
    is_ready: bool = False
    is_ending: bool = False
    unscheduled: str = ""
    """Why no node has it, in the scheduler's words."""
    containers: tuple[Container, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def restarts(self) -> int:
        """How often its containers were started again."""
        return sum(each.restarts for each in self.containers)

    @property
    def has_run(self) -> bool:
        """Whether any of its containers has run, or waits for something else than the pod's volumes."""
        return any(each.is_running or each.ended or each.waits not in WAITING for each in self.containers)


class Workload(Record):
    """A workload, and how far it has come up."""

    kind: str
    name: str
    wanted: int
    """How many pods it is to have."""
    ready: int = 0
    available: int = 0
    is_current: bool = True
    """Whether the cluster has seen its last change, and no pod is of an older one."""
    has_failed: bool = False
    """For a Job that has given up."""
    trouble: str = ""
    """Why it cannot make pods."""
    seconds: float | None = None
    """From its creation until its last pod was available; `None` where that is not yet."""

    @property
    def title(self) -> str:
        """Kind and name."""
        return f"{self.kind} {self.name}"

    @property
    def is_up(self) -> bool:
        """Whether all of it is available; for a Job, whether it is done."""
        return self.is_current and self.available >= self.wanted


class Rollout(Record):
    """Workloads as they were when all were up, or the time was."""

    workloads: tuple[Workload, ...]
    pods: tuple[Pod, ...]
    missing: tuple[str, ...] = ()
    """Titles of workloads that are not there any more."""
    waited_s: float = 0.0
    restarts_before: int = 0
    """How many restarts there were when all was up; more of them later are a crash loop."""
    stayed_s: float = 0.0
    """For how long it was looked at afterwards."""
    internet: bool = False
    """Whether the lab lets pods reach public addresses."""

    @property
    def is_up(self) -> bool:
        """Whether all that was looked at is available."""
        return not self.missing and all(each.is_up for each in self.workloads)

    @property
    def restarts(self) -> int:
        """How often containers were started again."""
        return sum(each.restarts for each in self.pods)

    def restarted_beyond(self, most: int) -> set[str]:
        """Return the titles of workloads of which one container was started again more often than that."""
        return {
            pod.workload
            for pod in self.pods
            if not pod.is_ending and any(each.restarts > most for each in pod.containers)
        }

    def pods_of(self, workload: Workload) -> list[Pod]:
        """Return the pods of a workload."""
        return [each for each in self.pods if each.workload == workload.title]
