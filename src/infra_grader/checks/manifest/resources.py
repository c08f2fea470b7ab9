"""The manifest.resources check kind."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from infra_grader.checks.manifest._findings import (
    Finding,
    Range,
    WorkloadParams,
    chosen_containers,
    chosen_workloads,
    no_containers,
    outcome_of,
)
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.manifest import Field, ManifestSet
from infra_grader.reading.manifest_quantity import read_quantity
from infra_grader.reading.manifest_source import judge_manifests
from infra_grader.reading.manifest_workload import Container, Workload

Amount = Literal["requests.cpu", "requests.memory", "limits.cpu", "limits.memory"]
LEAST = {"cpu": Fraction(1, 1000), "memory": Fraction(4 * 1024 * 1024)}
"""Amounts that no container starts with: `512m` of memory is half a byte."""
MOST = {"cpu": Fraction(1024), "memory": Fraction(16 * 1024**4)}


class Bounds(Range, kw_only=True):
    """Bounds of one amount."""

    amount: Annotated[Amount, Meta(description="Which amount.")]


class Resources(WorkloadParams):
    """Which amounts containers must name, and their bounds."""

    require: Annotated[
        tuple[Amount, ...],
        Meta(
            min_length=1,
            description="Amounts that every container must have; a request that"
            " is not written is its limit, as in Kubernetes.",
        ),
    ] = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
    bounds: Annotated[tuple[Bounds, ...], Meta(description="Bounds of the amounts.")] = ()


@check("manifest.resources", capabilities=("command",), measure="percent")
def resources(context: Context, params: Resources) -> Outcome:
    """Containers say what they need and what they may use: sensible amounts, no request above its limit."""
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: Resources) -> Outcome:
    findings: list[Finding] = []
    for workload in chosen_workloads(found, params):
        containers = chosen_containers(workload.containers, params)
        findings += [
            _finding(workload, container, amount, params) for container in containers for amount in params.require
        ] or [no_containers(workload)]
    return outcome_of(findings, "Resources", found)


def _finding(workload: Workload, container: Container, amount: Amount, params: Resources) -> Finding:
    field = amount_of(workload, container, amount)
    whose = f"{workload.title}, container {container.name or '?'}"
    if not field.is_there:
        return Finding(False, field.evidence(amount), f"{whose} has no {amount}")
    for expected, problem in _faults(workload, container, amount, field, params):
        return Finding(False, field.evidence(expected), f"{whose} has {amount} {str(field.value)[:40]}, {problem}")
    return Finding(True, field.evidence(amount))


def amount_of(workload: Workload, container: Container, amount: str) -> Field:
    """Return the field of an amount; a request that is not there is the limit, one of the pod stands for all."""
    kind, name = amount.split(".")
    own = container.field.get("resources")
    pod = workload.pod.get("resources")
    places = [own.get(kind, name), own.get("limits", name), pod.get(kind, name), pod.get("limits", name)]
    if kind == "limits":
        places = places[1::2]
    return next((field for field in places if field.is_there), own.get(kind, name))


def _faults(
    workload: Workload, container: Container, amount: Amount, field: Field, params: Resources
) -> Iterator[tuple[str, str]]:
    """Yield what should be, and what is wrong with an amount."""
    number = read_quantity(field.value)
    kind, name = amount.split(".")
    if number is None:
        yield "a quantity such as 500m or 1Gi", "which is no quantity"
        return
    if not LEAST[name] <= number <= MOST[name]:
        yield f"an amount of {name} that a container can run with", f"which is no sensible amount of {name}"
    if kind == "requests":
        limit = read_quantity(amount_of(workload, container, f"limits.{name}").value)
        if limit is not None and number > limit:
            yield f"at most the limit, {float(limit):g}", "more than its limit"
    for bound in params.bounds:
        if bound.amount == amount and not bound.admits(number):
            yield bound.words, f"not {bound.words}"
