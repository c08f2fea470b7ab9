"""A learner's own bounds on requests, in the measure of a small lab: what they let through is let through, and no more.

Requests in our copy are a share of what the learner asks for. A ResourceQuota or LimitRange that stayed as it is would
refuse a smaller request as too small, or no longer refuse the sum of them as too large.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from infra_grader.model.outcome import Evidence
from infra_grader.reading.kube_rewrite_requests import UNITS, written
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_quantity import read_quantity

SPARE = 30
"""Steps of a unit that a quota is larger than its share: each of as many pods may have been rounded up by one."""


def scale_bounds(manifests: Sequence[Manifest], scale: Fraction, notes: list[Evidence]) -> None:
    """Multiply the bounds on requests, in place, by a number of at most one, with a note for each object.

    The data of the manifests must be ours alone, as `rewrite` makes it.
    """
    if scale == 1:
        return
    for each in manifests:
        if each.kind == "ResourceQuota":
            field, is_changed = each.field("spec", "hard"), _scale_quota(each.field("spec", "hard").mapping, scale)
        elif each.kind == "LimitRange":
            field = each.field("spec", "limits")
            changes = [_scale_limits(one.mapping, scale) for one in field.items()]
            is_changed = any(changes)
        else:
            continue
        if is_changed:
            notes.append(field.evidence(None, f"requests times {float(scale):g} here as well, as this lab is small"))


def _scale_quota(hard: dict[str, Any], scale: Fraction) -> bool:
    def larger(amount: Fraction, resource: str) -> Fraction:
        return amount * scale + SPARE * UNITS[resource]

    names = {name: resource for resource in UNITS for name in (resource, f"requests.{resource}")}
    return _change(hard, names, larger)


def _scale_limits(limits: dict[str, Any], scale: Fraction) -> bool:
    if limits.get("type") not in ("Container", "Pod"):
        return False

    def smaller(amount: Fraction, resource: str) -> Fraction:
        return max(UNITS[resource], amount * scale - UNITS[resource])

    def share(amount: Fraction, _resource: str) -> Fraction:
        return amount * scale

    if limits["type"] == "Container":
        _fill_in(limits)
    names = {resource: resource for resource in UNITS}
    changed = [
        _change(part, names, how)
        for key, how in (("min", smaller), ("defaultRequest", share))
        if isinstance(part := limits.get(key), dict)
    ]
    ratios = limits.get("maxLimitRequestRatio")
    if isinstance(ratios, dict):
        for resource in UNITS:
            if (ratio := read_quantity(ratios.get(resource))) is not None:  # without a unit, and limits stay
                ratios[resource] = str(int(ratio / scale) + 1)
                changed.append(True)
    return any(changed)


def _fill_in(limits: dict[str, Any]) -> None:
    """Write down, in place, the requests that the API would give to containers without any: it knows of no scale."""
    given = [limits.get(key) or {} for key in ("max", "default", "defaultRequest")]  # the later, the stronger
    if any(given) and all(isinstance(each, dict) for each in given):
        limits["defaultRequest"] = {resource: amount for each in given for resource, amount in each.items()}


def _change(amounts: dict[str, Any], names: dict[str, str], how: Callable[[Fraction, str], Fraction]) -> bool:
    """Change the amounts of resources, in place; return whether there were any."""
    found = False
    for name, resource in names.items():
        if (amount := read_quantity(amounts.get(name))) is not None:
            amounts[name] = written(how(amount, resource), resource)
            found = True
    return found
