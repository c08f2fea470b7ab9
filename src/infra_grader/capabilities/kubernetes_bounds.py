"""Bounds that a learner's work sets for its own namespace, and pods of ours that must not be measured by them.

A ResourceQuota that counts pods of ours is raised by exactly what they take, for as long as they are there: the
learner's own pods have the room that they had. A LimitRange stays as it is where a pod can be of a size that it allows,
and is emptied for the moment in which ours are made where none can.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Cluster, Refused, Resource
from infra_grader.capabilities.kubernetes_fit import Size, amounts_of, fitting, raised
from infra_grader.capabilities.kubernetes_room import OUR_BOUNDS, QUOTAS, refusing
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

LIMITS = Resource(api_version="v1", kind="LimitRange", plural="limitranges", is_namespaced=True)
TRIES = 5
"""How often it is tried to put one back: an API that is busy takes it the next time."""
PAUSE_S = 0.5
COUNTED_S = 5.0
"""Seconds in which a quota counts that pods of ours are gone."""
NOT_FOUND = 404


class Bounds(Record):
    """A learner's own bounds in a namespace."""

    quotas: tuple[Mapping[str, Any], ...] = ()
    ranges: tuple[Mapping[str, Any], ...] = ()
    size: Size | None = None
    """The size of a pod that they let through; `None` where the ranges have to be out of the way for it."""

    @property
    def are_there(self) -> bool:
        """Whether there are any."""
        return bool(self.quotas or self.ranges)

    @property
    def resources(self) -> Mapping[str, Any]:
        """What a container of ours says of its size; nothing where no bounds want to know."""
        return (self.size or NOTHING).manifest if self.are_there else {}


NOTHING = fitting(()) or Size(requests={}, limits={})


class Change(Record):
    """Fields of a learner's object, as they were written and as they are meanwhile."""

    resource: Resource
    before: Mapping[str, Any]
    """The whole object."""
    field: str
    """The field of its `spec`."""
    meanwhile: Any

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.before["metadata"]["name"])

    @property
    def written(self) -> Any:
        """What its author wrote, as far as it is changed."""
        whole = self.before["spec"].get(self.field)
        return {key: whole[key] for key in self.meanwhile} if isinstance(whole, Mapping) else whole


def bounds_of(cluster: Cluster, namespace: str) -> Bounds:
    """Return the ResourceQuotas and LimitRanges of a namespace that are not ours."""
    with refusing("a look at quotas and limits"):
        quotas, ranges = (
            tuple(each for each in cluster.list(resource, namespace) if each["metadata"]["name"] != OUR_BOUNDS)
            for resource in (QUOTAS, LIMITS)
        )
    return Bounds(quotas=quotas, ranges=ranges, size=fitting(ranges))


@contextmanager
def room_beside(cluster: Cluster, namespace: str, bounds: Bounds, pods: int) -> Iterator[None]:
    """Raise the quotas of a namespace by what so many pods of ours take, while the block runs.

    The server may need a moment to notice. Afterwards they are as their author wrote them, once it has counted that
    ours are gone, and who manages their fields is the same. Only one block of a namespace may run at a time. Raises
    `NotAssessed` where one cannot be raised, or put back.
    """
    found = [(each, raised(each, bounds.size or NOTHING, pods)) for each in bounds.quotas]
    changes = [Change(resource=QUOTAS, before=quota, field="hard", meanwhile=hard) for quota, hard in found if hard]
    with _changed(cluster, namespace, changes, "that a quota makes room for pods that ask"):
        yield
        if changes:
            cluster.await_(QUOTAS, namespace, lambda now: _are_counted(now, changes), Deadline(COUNTED_S))


@contextmanager
def ranges_away(cluster: Cluster, namespace: str, bounds: Bounds) -> Iterator[None]:
    """Empty the LimitRanges of a namespace while the block runs, if no size of a pod of ours is within them.

    It is to be short: the learner's own pods that are made meanwhile are not bound either. Raises as `room_beside`.
    """
    ranges = bounds.ranges if bounds.size is None else ()
    changes = [Change(resource=LIMITS, before=each, field="limits", meanwhile=[]) for each in ranges]
    with _changed(cluster, namespace, changes, "that limits make way for pods that ask"):
        yield


@contextmanager
def _changed(cluster: Cluster, namespace: str, changes: Sequence[Change], what: str) -> Iterator[None]:
    try:
        for each in changes:
            with refusing(what):
                cluster.patch(each.resource, each.name, namespace, {"spec": {each.field: each.meanwhile}})
        yield
    finally:
        _put_back(cluster, changes, namespace)


def _are_counted(now: Sequence[Mapping[str, Any]], changes: Sequence[Change]) -> bool | None:
    """Return whether quotas hold no more than they did before there were pods of ours, or may hold."""
    used = {each["metadata"]["name"]: amounts_of(each, "status", "used") for each in now}
    for each in changes:
        before, hard = amounts_of(each.before, "status", "used"), amounts_of(each.before, "spec", "hard")
        counted = used.get(each.name, {})
        if any(counted.get(key, 0) > max(hard[key], before.get(key, hard[key])) for key in each.meanwhile):
            return None
    return True


def _put_back(cluster: Cluster, changes: Sequence[Change], namespace: str) -> None:
    """Write back each of them, whatever becomes of the others."""
    lost = {}
    for each in changes:
        if why := _why_not_back(cluster, each, namespace):
            lost[f"{each.resource.kind} {each.name}"] = why
    if lost:
        # Not `Unavailable`: asked once more, the check would pass by what is not as it was.
        reason = next(iter(lost.values()))
        raise NotAssessed(
            f"{' and '.join(lost)} of the learner's, changed for a pod of ours, cannot be put back: {reason}.",
            "Grade again.",
        )


def _why_not_back(cluster: Cluster, change: Change, namespace: str) -> str:
    """Write one back, and return why that did not succeed in all tries, or nothing."""
    for number in range(TRIES):
        if number:
            time.sleep(PAUSE_S)
        try:
            _write_back(cluster, change, namespace)
        except (Refused, NotAssessed) as error:
            why = str(error).rstrip(".")
        else:
            return ""
    return why


def _write_back(cluster: Cluster, change: Change, namespace: str) -> None:
    """Write one back, if nobody else has written or removed it meanwhile."""
    now = cluster.get(change.resource, change.name, namespace)
    if now is None or now["metadata"].get("uid") != change.before["metadata"].get("uid"):
        return
    there = now["spec"].get(change.field)
    if _is_same(there, change.meanwhile):
        cluster.patch(change.resource, change.name, namespace, {"spec": {change.field: change.written}})
    elif not _is_same(there, change.written):
        return
    # By itself, as whoever changes a field becomes its manager: of our change nothing stays.
    managed = change.before["metadata"].get("managedFields") or []
    cluster.patch(change.resource, change.name, namespace, {"metadata": {"managedFields": managed}})


def _is_same(there: Any, wanted: Any) -> bool:
    """Whether a field is as it was written, as far as it was; the server words quantities in its own way."""
    if not isinstance(wanted, Mapping):
        return bool((there or []) == wanted)
    found = amounts_of({"there": there}, "there")
    return all(found.get(key) == amount for key, amount in amounts_of({"wanted": wanted}, "wanted").items())
