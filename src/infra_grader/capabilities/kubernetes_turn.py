"""Taking turns on a cluster: checks that time or count must not disturb each other, in whatever grader they run.

Whoever wants the turn puts a Lease into a queue, and has it once all that came before are gone. Who gives signs of life
no more is taken out of the queue by those behind, so that a grader that was killed holds nobody up. A check that leaves
things changed behind it lets the others of its run go first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Cluster, Refused, Resource
from infra_grader.capabilities.kubernetes_lab import HOME
from infra_grader.capabilities.kubernetes_owner import DOMAIN, PURPOSE_LABEL, RUN_LABEL, has_ended_here
from infra_grader.model.outcome import CheckFailed, NotAssessed, Unavailable
from infra_grader.model.record import Record

QUEUE = "turns"
"""The purpose of the leases of the one queue of a cluster."""
LEASES = Resource(api_version="coordination.k8s.io/v1", kind="Lease", plural="leases", is_namespaced=True)
TICKET = f"{DOMAIN}/ticket"
"""The annotation that tells which of two leases came first."""
YIELDS = f"{DOMAIN}/yields"
"""The annotation of one that lets others of its run go first."""
PATIENCE_S = 600.0
"""Seconds that a check waits at most while others measure."""
LOOK_S = 1.0
"""Seconds after which the silence of others is looked at again."""


class Taker(Record):
    """Who takes a turn."""

    name: str
    """The name of the lease, unlike that of any other."""
    run: str
    marks: Mapping[str, str]
    """Annotations that tell other graders on this machine when this one has ended."""
    silent_s: int
    """Seconds of silence after which the place is lost."""
    yields: bool = False
    """Whether others of its run that wait when its turn comes go first: then it queues anew."""


@contextmanager
def turn(cluster: Cluster, taker: Taker, deadline: Deadline, queue: str = QUEUE) -> Iterator[None]:
    """Hold the only turn of a queue while the block runs, first come, first served; a check does not pay for the wait.

    Raises `NotAssessed` where the turn does not come within `PATIENCE_S` seconds, and `Unavailable` after a block that
    has lost it before its end, whatever was judged in it.
    """
    lease = _Lease(cluster, taker, queue)
    over = threading.Event()
    renewing = threading.Thread(target=_renew, args=(lease, over), daemon=True)
    renewing.start()
    failure = None
    try:
        with deadline.paused():
            _take(lease, Deadline(PATIENCE_S))
        yield
    except CheckFailed as error:  # it counts only where nobody else measured at the same time
        failure = error
    finally:
        over.set()
        with deadline.paused():
            renewing.join()
            is_kept = lease.leave()
    if not is_kept:
        raise Unavailable("Another grader measured in the cluster at the same time.", "Grade again.") from failure
    if failure is not None:
        raise failure


def leave_turns(cluster: Cluster, run: str) -> None:
    """Take a run out of all queues, with checks that were left behind; what cannot be taken out runs out."""
    with suppress(Refused, NotAssessed):
        cluster.delete_all(LEASES, HOME, labels=f"{RUN_LABEL}={run}")


def remove_left_turns(cluster: Cluster) -> None:
    """Take those out of the queue whose grader on this machine has ended, as far as we may."""
    with suppress(Refused, NotAssessed):
        for each in cluster.list(LEASES, HOME, labels=f"{PURPOSE_LABEL}={QUEUE}"):
            if _has_ended(each):
                _take_out(cluster, each)


class _Lease:
    """Our place in the queue."""

    def __init__(self, cluster: Cluster, taker: Taker, queue: str) -> None:
        self.cluster = cluster
        self.taker = taker
        self.queue = queue
        self.ticket = ""

    def join(self) -> None:
        """Take the last place."""
        name = self.taker.name
        labels = {PURPOSE_LABEL: self.queue, RUN_LABEL: self.taker.run}
        marks = {**self.taker.marks, **({YIELDS: "true"} if self.taker.yields else {})}
        lease = {
            "apiVersion": LEASES.api_version,
            "kind": "Lease",
            "metadata": {"name": name, "namespace": HOME, "labels": labels, "annotations": marks},
            "spec": {"holderIdentity": name, "leaseDurationSeconds": self.taker.silent_s, "renewTime": _now()},
        }
        try:
            made = self._put(lease)
            self.ticket = str(made["metadata"]["resourceVersion"]).zfill(20)
            self.cluster.patch(LEASES, name, HOME, {"metadata": {"annotations": {TICKET: self.ticket}}})
        except Refused as error:
            raise NotAssessed(f"The cluster gives no turns: {error.message}.", "Grade again.") from error

    def _put(self, lease: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self.cluster.create(lease, HOME).object
        except Refused as error:
            if error.status != 404:
                raise
        _make_home(self.cluster)
        return self.cluster.create(lease, HOME).object

    def renew(self) -> None:
        """Give a sign of life; where that fails, the next one comes soon enough."""
        with suppress(Refused, NotAssessed):
            self.cluster.patch(LEASES, self.taker.name, HOME, {"spec": {"renewTime": _now()}})

    def leave(self) -> bool:
        """Give the place up, and return whether it was ours until now; one that cannot be given up runs out."""
        with suppress(Refused, NotAssessed):
            return self.cluster.delete(LEASES, self.taker.name, HOME)
        return True


def _take(lease: _Lease, patience: Deadline) -> None:
    """Wait until the turn is ours. Raises `NotAssessed` where that takes too long."""
    lease.join()
    while not _await_turn(lease, patience):
        lease.leave()
        lease.join()


def _await_turn(lease: _Lease, patience: Deadline) -> bool:
    """Wait until nobody is left who came before; return whether there is nobody either whom we let go first."""
    heard: dict[str, tuple[str, float]] = {}
    before: list[Mapping[str, Any]] = []

    def look(leases: list[Mapping[str, Any]]) -> bool | None:
        others = [each for each in leases if each["metadata"]["name"] != lease.taker.name]
        if len(others) == len(leases):
            raise Unavailable("Our place among those who measure in the cluster was lost.", "Grade again.")
        # One that has no ticket yet may have come earlier; it gets one in a moment.
        before[:] = [each for each in others if _ticket(each) < lease.ticket]
        for each in before:
            if _is_silent(each, heard, lease.taker.silent_s) or _has_ended(each):
                _take_out(lease.cluster, each)
        if before:
            return None
        return not (lease.taker.yields and any(_goes_first(each, lease.taker.run) for each in others))

    labels = f"{PURPOSE_LABEL}={lease.queue}"
    is_ours = lease.cluster.await_(LEASES, HOME, look, patience, labels=labels, every_s=LOOK_S)
    if is_ours is None:
        raise NotAssessed(
            f"Checks that came before have measured in the cluster for {PATIENCE_S:g} s; {len(before)} are left.",
            "Grade again when fewer graders use it.",
        )
    return is_ours


def _is_silent(lease: Mapping[str, Any], heard: dict[str, tuple[str, float]], seconds: int) -> bool:
    """Whether nothing was heard from one for as long as it says: by our clock, as those of machines differ."""
    uid, version, now = str(lease["metadata"]["uid"]), str(lease["metadata"]["resourceVersion"]), time.monotonic()
    if heard.get(uid, ("", now))[0] != version:
        heard[uid] = (version, now)
    patience = (lease.get("spec") or {}).get("leaseDurationSeconds") or seconds
    return bool(now - heard[uid][1] > patience)


def _goes_first(lease: Mapping[str, Any], run: str) -> bool:
    """Whether one that does not yield is of a run."""
    metadata = lease["metadata"]
    return bool(metadata["labels"].get(RUN_LABEL) == run and YIELDS not in (metadata.get("annotations") or {}))


def _has_ended(lease: Mapping[str, Any]) -> bool:
    return has_ended_here(lease["metadata"].get("annotations") or {})


def _take_out(cluster: Cluster, lease: Mapping[str, Any]) -> None:
    with suppress(Refused, NotAssessed):  # it is tried again at the next look
        cluster.delete(LEASES, lease["metadata"]["name"], HOME)


def _renew(lease: _Lease, over: threading.Event) -> None:
    while not over.wait(lease.taker.silent_s / 3):
        lease.renew()


def _make_home(cluster: Cluster) -> None:
    """Make the namespace of the turns where nobody has marked the cluster as a lab."""
    metadata = {"name": HOME, "labels": {PURPOSE_LABEL: QUEUE}}
    with suppress(Refused):  # another grader was faster
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def _ticket(lease: Mapping[str, Any]) -> str:
    return str((lease["metadata"].get("annotations") or {}).get(TICKET, ""))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
