"""`needs` to an order in which checks can run."""

from __future__ import annotations

from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter

from infra_grader.errors import Problem, RubricError, UsageError
from infra_grader.model.record import Record
from infra_grader.model.rubric import CheckSpec, Rubric


class Plan(Record):
    """The checks of a rubric, each after all that it needs."""

    checks: tuple[CheckSpec, ...]
    """In the rubric's order as far as `needs` allows."""
    chosen: frozenset[str]
    """Ids of the checks to run; the others are reported as left out."""


def plan(rubric: Rubric, only: Collection[str] = ()) -> Plan:
    """Return the order of a rubric's checks; `only` names check ids or tags, and what those need runs too.

    Raises `RubricError` for a ring of `needs`, and `UsageError` for a name in `only` that fits no check.
    """
    checks = rubric.checks_by_id()
    places = {check_id: place for place, check_id in enumerate(checks)}
    sorter = TopologicalSorter({check.id: check.needs for check in checks.values()})
    try:
        sorter.prepare()
    except CycleError as error:
        ring = " -> ".join(reversed(error.args[1]))
        raise RubricError(rubric.source, Problem(f"checks need each other in a ring: {ring}")) from error
    order: list[CheckSpec] = []
    while ready := sorter.get_ready():
        order += [checks[check_id] for check_id in sorted(ready, key=places.__getitem__)]
        sorter.done(*ready)
    return Plan(checks=tuple(order), chosen=_choose(tuple(order), only))


def _choose(checks: tuple[CheckSpec, ...], only: Collection[str]) -> frozenset[str]:
    if not only:
        return frozenset(check.id for check in checks)
    for name in only:
        if not any(name == check.id or name in check.tags for check in checks):
            raise UsageError(f"no check and no tag is called {name!r}", "`infra-grader rubric show` lists them.")
    chosen = {check.id for check in checks if check.id in only or not set(only).isdisjoint(check.tags)}
    for check in reversed(checks):
        if check.id in chosen:
            chosen.update(check.needs)
    return frozenset(chosen)
