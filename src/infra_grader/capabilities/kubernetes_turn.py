"""Taking turns on a cluster: checks that time or count must not disturb each other, in whatever grader they run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.kubernetes import Cluster, Refused, Resource
from infra_grader.capabilities.kubernetes_lab import HOME
from infra_grader.capabilities.kubernetes_owner import PURPOSE_LABEL
from infra_grader.model.outcome import NotAssessed, Unavailable

NAME = "infra-grader-turn"
LEASES = Resource(api_version="coordination.k8s.io/v1", kind="Lease", plural="leases", is_namespaced=True)
BUSY = "Grade again, or give the check more time."
MACHINE_TURN = threading.Lock()
"""Between the threads of this process no lease is asked for."""


@contextmanager
def turn(cluster: Cluster, holder: str, seconds: int, deadline: Deadline) -> Iterator[None]:
    """Hold the cluster's only turn while the block runs; one whose holder is silent for so many seconds is free.

    Raises `NotAssessed` where it does not come in time, or came so late that the rest of the time was too short.
    """
    began = time.monotonic()
    if not MACHINE_TURN.acquire(timeout=deadline.remaining()):
        raise NotAssessed("Other checks measured in the cluster all the time.", BUSY)
    try:
        _take(cluster, holder, seconds, deadline)
        over = threading.Event()
        renewing = threading.Thread(target=_renew, args=(cluster, holder, seconds, over), daemon=True)
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
            _give_back(cluster, holder)
    finally:
        MACHINE_TURN.release()


def _take(cluster: Cluster, holder: str, seconds: int, deadline: Deadline) -> None:
    _make_home(cluster)
    heard: tuple[str, float] = ("", time.monotonic())

    def look(leases: list[Mapping[str, Any]]) -> bool | None:
        nonlocal heard
        lease = leases[0] if leases else None
        version = str(lease["metadata"]["resourceVersion"]) if lease else ""
        if version != heard[0]:
            heard = (version, time.monotonic())
        if lease is None:
            return True if _create(cluster, holder, seconds) else None
        is_free = not lease["spec"].get("holderIdentity")
        # Told by what we hear ourselves, as the clocks of machines differ.
        is_silent = time.monotonic() - heard[1] > lease["spec"].get("leaseDurationSeconds", seconds)
        return True if (is_free or is_silent) and _claim(cluster, holder, seconds, version) else None

    if not cluster.await_(LEASES, HOME, look, deadline, fields=f"metadata.name={NAME}", every_s=1.0):
        raise NotAssessed("Another grader measures in the cluster all the time.", "Grade again when it has ended.")


def _make_home(cluster: Cluster) -> None:
    """Make the namespace of the turns where nobody has marked the cluster as a lab."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME, "labels": {PURPOSE_LABEL: "turns"}}}
    spaces = Resource(api_version="v1", kind="Namespace", plural="namespaces", is_namespaced=False)
    if cluster.get(spaces, HOME) is None:
        with suppress(Refused):  # another grader was faster
            cluster.create(body)


def _spec(holder: str, seconds: int) -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"holderIdentity": holder, "leaseDurationSeconds": seconds, "acquireTime": now, "renewTime": now}


def _create(cluster: Cluster, holder: str, seconds: int) -> bool:
    lease = {
        "apiVersion": LEASES.api_version,
        "kind": "Lease",
        "metadata": {"name": NAME},
        "spec": _spec(holder, seconds),
    }
    return _is_taken(lambda: cluster.create(lease, HOME))


def _claim(cluster: Cluster, holder: str, seconds: int, version: str) -> bool:
    body = {"metadata": {"resourceVersion": version}, "spec": _spec(holder, seconds)}
    return _is_taken(lambda: cluster.patch(LEASES, NAME, HOME, body))


def _is_taken(ask: Any) -> bool:
    try:
        ask()
    except Refused as error:
        if error.status == 409:  # another grader was faster
            return False
        raise NotAssessed(f"The cluster gives no turns: {error.message}.", "Grade again.") from error
    return True


def _renew(cluster: Cluster, holder: str, seconds: int, over: threading.Event) -> None:
    while not over.wait(seconds / 3):
        with suppress(Refused, Unavailable):  # the next sign of life comes soon enough
            cluster.patch(LEASES, NAME, HOME, {"spec": {"renewTime": _spec(holder, seconds)["renewTime"]}})


def _give_back(cluster: Cluster, holder: str) -> None:
    """Free the turn if it is still ours; one that cannot be freed runs out."""
    with suppress(Refused, NotAssessed):
        lease = cluster.get(LEASES, NAME, HOME)
        if lease is not None and lease["spec"].get("holderIdentity") == holder:
            version = lease["metadata"]["resourceVersion"]
            body = {"metadata": {"resourceVersion": version}, "spec": {"holderIdentity": None}}
            cluster.patch(LEASES, NAME, HOME, body)
