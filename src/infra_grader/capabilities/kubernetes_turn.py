"""Taking turns on a cluster: checks that time or count must not disturb each other, in whatever grader they run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.kubernetes import NAMESPACES, Cluster, Refused, Resource
from infra_grader.capabilities.kubernetes_lab import HOME
from infra_grader.capabilities.kubernetes_owner import PURPOSE_LABEL
from infra_grader.model.outcome import NotAssessed

NAME = "infra-grader-turn"
LEASES = Resource(api_version="coordination.k8s.io/v1", kind="Lease", plural="leases", is_namespaced=True)
BUSY = "Grade again, or give the check more time."
MACHINE_TURN = threading.Lock()
"""Between the threads of this process no lease is asked for."""


@contextmanager
def turn(cluster: Cluster, holder: str, seconds: int, deadline: Deadline, name: str = NAME) -> Iterator[None]:
    """Hold the cluster's only turn while the block runs; one whose holder is silent for so many seconds is free.

    `name` is that of the lease by which graders agree. Raises `NotAssessed` where it does not come in time, or came so
    late that the rest of the time was too short.
    """
    began = time.monotonic()
    if not MACHINE_TURN.acquire(timeout=deadline.remaining()):
        raise NotAssessed("Other checks measured in the cluster all the time.", BUSY)
    try:
        lease = _Lease(cluster, name, holder, seconds)
        lease.take(deadline)
        over = threading.Event()
        renewing = threading.Thread(target=_renew, args=(lease, over), daemon=True)
        renewing.start()
        waited = time.monotonic() - began
        try:
            yield
        except Overrun:
            if waited > deadline.seconds / 4:
                raise NotAssessed("Other checks measured in the cluster for too long.", BUSY) from None
            raise
        finally:
            over.set()
            renewing.join()
            lease.give_back()
    finally:
        MACHINE_TURN.release()


class _Lease:
    """An object of the cluster that says who holds the turn, and since when that one was last heard."""

    def __init__(self, cluster: Cluster, name: str, holder: str, seconds: int) -> None:
        self._cluster = cluster
        self._name = name
        self._holder = holder
        self.seconds = seconds

    def take(self, deadline: Deadline) -> None:
        """Wait until the turn is ours. Raises `NotAssessed` where it does not come in time."""
        _make_home(self._cluster)
        heard: tuple[str, float] = ("", time.monotonic())

        def look(leases: list[Mapping[str, Any]]) -> bool | None:
            nonlocal heard
            lease = leases[0] if leases else None
            version = str(lease["metadata"]["resourceVersion"]) if lease else ""
            if version != heard[0]:
                heard = (version, time.monotonic())
            if lease is None:
                return True if self._create() else None
            spec = lease.get("spec") or {}
            # Told by what we hear ourselves, as the clocks of machines differ.
            is_silent = time.monotonic() - heard[1] > spec.get("leaseDurationSeconds", self.seconds)
            is_free = not spec.get("holderIdentity") or is_silent
            return True if is_free and self._claim(version) else None

        fields = f"metadata.name={self._name}"
        if not self._cluster.await_(LEASES, HOME, look, deadline, fields=fields, every_s=1.0):
            raise NotAssessed("Another grader measures in the cluster all the time.", "Grade again when it has ended.")

    def renew(self) -> None:
        """Give a sign of life; where that fails, the next one comes soon enough."""
        with suppress(Refused, NotAssessed):
            self._cluster.patch(LEASES, self._name, HOME, {"spec": {"renewTime": self._spec()["renewTime"]}})

    def give_back(self) -> None:
        """Free the turn if it is still ours; one that cannot be freed runs out."""
        with suppress(Refused, NotAssessed):
            lease = self._cluster.get(LEASES, self._name, HOME)
            if lease is not None and lease["spec"].get("holderIdentity") == self._holder:
                version = lease["metadata"]["resourceVersion"]
                body = {"metadata": {"resourceVersion": version}, "spec": {"holderIdentity": None}}
                self._cluster.patch(LEASES, self._name, HOME, body)

    def _create(self) -> bool:
        metadata = {"name": self._name, "labels": {PURPOSE_LABEL: "turns"}}
        lease = {"apiVersion": LEASES.api_version, "kind": "Lease", "metadata": metadata, "spec": self._spec()}
        return _is_taken(lambda: self._cluster.create(lease, HOME))

    def _claim(self, version: str) -> bool:
        body = {"metadata": {"resourceVersion": version}, "spec": self._spec()}
        return _is_taken(lambda: self._cluster.patch(LEASES, self._name, HOME, body))

    def _spec(self) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "holderIdentity": self._holder, "leaseDurationSeconds": self.seconds, "acquireTime": now, "renewTime": now,
        }  # fmt: skip


def _renew(lease: _Lease, over: threading.Event) -> None:
    while not over.wait(lease.seconds / 3):
        lease.renew()


def _make_home(cluster: Cluster) -> None:
    """Make the namespace of the turns where nobody has marked the cluster as a lab."""
    if cluster.get(NAMESPACES, HOME) is None:
        metadata = {"name": HOME, "labels": {PURPOSE_LABEL: "turns"}}
        with suppress(Refused):  # another grader was faster
            cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def _is_taken(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except Refused as error:
        if error.status == 409:  # another grader was faster
            return False
        raise NotAssessed(f"The cluster gives no turns: {error.message}.", "Grade again.") from error
    return True
