"""PodDisruptionBudgets as they are in a cluster: whom they protect, and how many pods they let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra_grader.model.record import Record
from infra_grader.reading.manifest_workload import selects

BUDGETS = ("policy/v1", "PodDisruptionBudget")


class Budget(Record):
    """A PodDisruptionBudget that selects the pods, by its own status."""

    name: str
    allowed: int
    """How many pods may be evicted while all are ready."""
    healthy: int
    """How many pods it counts as ready."""
    rule: str
    """What it asks for, such as `minAvailable: 2`."""
    message: str = ""
    """What its condition says."""


def budgets_of(found: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> tuple[Budget, ...]:
    """Return the budgets that select pods with these labels; an empty selector selects every pod."""
    budgets = []
    for each in found:
        spec, status = each.get("spec") or {}, each.get("status") or {}
        if "selector" not in spec or not selects(spec["selector"] or {}, labels):
            continue
        rule = next((f"{key}: {spec[key]}" for key in ("minAvailable", "maxUnavailable") if key in spec), "nothing")
        said: Mapping[str, Any] = next(
            (one for one in status.get("conditions") or () if one.get("status") == "False"), {}
        )
        budgets.append(
            Budget(
                name=each["metadata"]["name"],
                allowed=int(status.get("disruptionsAllowed", 0)),
                healthy=int(status.get("currentHealthy", 0)),
                rule=rule,
                message=str(said.get("message") or said.get("reason") or ""),
            )
        )
    return tuple(budgets)
