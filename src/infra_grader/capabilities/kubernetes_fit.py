"""How large a pod of ours has to say it is, where a learner's own bounds hold for it too; told from the objects alone.

A pod that asks nothing of a node is refused by a quota on processors or memory, which wants a number, and by a range
with a minimum. So it names what fits: nothing, written as `0`, where no range holds, else as little as it may.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_UP, Decimal
from typing import Any

from infra_grader.model.record import Record

Object = Mapping[str, Any]
Quantities = Mapping[str, Decimal]


class Room(Record):
    """What is known of one resource of our pods."""

    step: Decimal
    """The smallest amount in which it is written."""
    least: Decimal
    """Without which a probe does not run."""
    wanted: Decimal
    """What it may take, where there is a limit at all."""
    modest: Decimal
    """The most that it may ask of a node: learners' pods may need the rest."""
    is_always_said: bool = True
    """Whether it is said also where no range names it."""


MEBI = Decimal(2**20)
ROOMS = {
    "cpu": Room(step=Decimal("0.001"), least=Decimal("0.05"), wanted=Decimal("0.5"), modest=Decimal("0.1")),
    "memory": Room(step=Decimal(1), least=48 * MEBI, wanted=128 * MEBI, modest=128 * MEBI),
    "ephemeral-storage": Room(step=Decimal(1), least=MEBI, wanted=64 * MEBI, modest=64 * MEBI, is_always_said=False),
}
NAMES = ("min", "max", "default", "defaultRequest", "maxLimitRequestRatio")


class Size(Record):
    """What each of our pods asks for and is limited to, by resource; zero stands for nothing, and for no limit."""

    requests: Quantities
    limits: Quantities

    @property
    def manifest(self) -> dict[str, dict[str, str]]:
        """The `resources` of the pod's container."""
        return {
            key: {name: format(amount, "f") for name, amount in found.items()}
            for key, found in (("requests", self.requests), ("limits", self.limits))
        }

    @property
    def is_best_effort(self) -> bool:
        """Whether the cluster takes it for a pod that asks for nothing."""
        return not any(each.get(name) for each in (self.requests, self.limits) for name in ("cpu", "memory"))


def fitting(ranges: Sequence[Object]) -> Size | None:
    """Return the size that all of these LimitRanges let through and leave as it is; `None` if no modest one is so."""
    items = [
        each
        for one in ranges
        for each in (one.get("spec") or {}).get("limits") or ()
        if each.get("type") in ("Container", "Pod")
    ]
    named = {resource for each in items for key in NAMES for resource in each.get(key) or {}}
    if not named <= set(ROOMS):
        return None
    found = {
        resource: _amounts(room, resource, items)
        for resource, room in ROOMS.items()
        if room.is_always_said or resource in named
    }
    sizes = {resource: each for resource, each in found.items() if each is not None}
    if len(sizes) < len(found):
        return None
    return Size(
        requests={resource: request for resource, (request, _) in sizes.items()},
        limits={resource: limit for resource, (_, limit) in sizes.items()},
    )


def raised(quota: Object, size: Size, pods: int) -> dict[str, str]:
    """Return those bounds of a ResourceQuota, raised, that so many pods of ours would take from a learner's pods.

    What it holds beyond its bounds already is raised to that first. Nothing where it does not count pods of this size.
    """
    if not _counts(quota, size):
        return {}
    hard, used = amounts_of(quota, "spec", "hard"), amounts_of(quota, "status", "used")
    changed = {}
    for name, need in _needs(size):
        if name in hard:
            wanted = max(hard[name], used.get(name, Decimal(0))) + need * pods
            if wanted != hard[name]:
                changed[name] = format(wanted, "f")
    return changed


def amounts_of(found: Object, *path: str) -> dict[str, Decimal]:
    """Return the quantities at a path of an object; none where there is nothing."""
    from kubernetes.utils.quantity import parse_quantity  # with the library, so only where a cluster is asked

    for step in path:
        found = found.get(step) or {}
    return {name: Decimal(parse_quantity(amount)) for name, amount in found.items()}


def _amounts(room: Room, resource: str, items: Sequence[Object]) -> tuple[Decimal, Decimal] | None:
    """Return what is asked for and the limit; zeros where no item binds the resource, `None` where none does."""

    def all_of(key: str) -> list[Decimal]:
        return [found[resource] for each in items if resource in (found := amounts_of(each, key))]

    lower, upper, ratio = (
        max(all_of("min"), default=None),
        min(all_of("max"), default=None),
        all_of("maxLimitRequestRatio"),
    )
    if lower is None and upper is None and not ratio and room.is_always_said:
        return Decimal(0), Decimal(0)
    floor = lower or Decimal(0)
    limit = max(room.wanted, floor)
    if ratio:
        limit = min(limit, max(floor, room.modest * min(ratio)))
    limit = limit if upper is None else min(limit, upper)
    request = max(floor, limit / min(ratio)) if ratio else floor
    request = request.quantize(room.step, ROUND_UP)
    if limit < max(floor, room.least) or request > min(limit, room.modest):
        return None
    return request, limit


def _counts(quota: Object, size: Size) -> bool:
    """Whether a quota counts a pod of ours: it ends by itself in the end, and has no priority."""
    spec = quota.get("spec") or {}
    scopes = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    scopes += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    is_so = {"Terminating": True, "BestEffort": size.is_best_effort, "NotBestEffort": not size.is_best_effort}
    return all(
        each.get("operator") in ("DoesNotExist", "NotIn")
        if each["scopeName"] == "PriorityClass"
        else is_so.get(each["scopeName"], False)
        for each in scopes
    )


def _needs(size: Size) -> Iterator[tuple[str, Decimal]]:
    """Yield what one pod takes of each resource that a quota may count, by its name there."""
    yield "pods", Decimal(1)
    yield "count/pods", Decimal(1)
    for resource, request in size.requests.items():
        yield resource, request
        yield f"requests.{resource}", request
    for resource, limit in size.limits.items():
        yield f"limits.{resource}", limit
