"""The manifest.scales check kind."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.checks.manifest._findings import Finding, Range, outcome_of
from infra_grader.checks.manifest.resources import amount_of
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.manifest import Field, Manifest, ManifestSet
from infra_grader.reading.manifest_quantity import read_quantity
from infra_grader.reading.manifest_source import ManifestParams, judge_manifests
from infra_grader.reading.manifest_workload import SCALABLE, Workload, scalers

MOST_UTILIZATION = 100
"""Percent of the request at which pods are added; more than that only where requests are set far too low."""


class Scales(ManifestParams):
    """What a HorizontalPodAutoscaler must be like."""

    min_replicas: Annotated[Range | None, Meta(description="Bounds of the fewest pods.")] = None
    max_replicas: Annotated[Range | None, Meta(description="Bounds of the most pods.")] = None
    metrics: Annotated[tuple[str, ...], Meta(description="Resources by which it must scale: cpu, memory.")] = ()
    utilization: Annotated[Range | None, Meta(description="Bounds of each target, in percent of the request.")] = None


class _Metric:
    """One number that an autoscaler watches."""

    def __init__(self, field: Field, resource: str, target: Field, container: str = "") -> None:
        self.field = field
        self.resource = resource
        self.target = target
        self.container = container

    @property
    def is_share(self) -> bool:
        """Whether it counts in percent of what is requested."""
        return self.target.path[-1] in (
            "averageUtilization",
            "targetCPUUtilizationPercentage",
            "targetAverageUtilization",
        )


@check("manifest.scales", capabilities=("command",), measure="percent")
def scales(context: Context, params: Scales) -> Outcome:
    """An autoscaler scales a workload that is there, between two numbers, by metrics that can be counted."""
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: Scales) -> Outcome:
    pairs = list(scalers(found))
    if not pairs:
        raise found.absent("HorizontalPodAutoscaler")
    findings: list[Finding] = []
    for scaler, target in pairs:
        findings += [_targets(scaler, target, found), *_numbers(scaler, target, params)]
        findings += _metrics(scaler, target, params)
    return outcome_of(findings, "Autoscaling", found)


def _targets(scaler: Manifest, target: Manifest | None, found: ManifestSet) -> Finding:
    field = scaler.field("spec", "scaleTargetRef")
    if target is None:
        name = f"{field.get('kind').text} {field.get('name').text}".strip()[:100]
        return Finding(
            False,
            field.get("name").evidence("a workload that is there"),
            f"{scaler.title} scales {name or 'nothing'}, which is not there",
        )
    if target.kind not in SCALABLE:
        return Finding(False, field.get("kind").evidence(" or ".join(SCALABLE[:2])), f"{target.title} cannot be scaled")
    rivals = [other for other, its in scalers(found) if its is target and other is not scaler]
    return Finding(
        not rivals, field.get("name").evidence("a target of its own"), f"{target.title} is scaled by two autoscalers"
    )


def _numbers(scaler: Manifest, target: Manifest | None, params: Scales) -> Iterator[Finding]:
    low, high = scaler.field("spec", "minReplicas"), scaler.field("spec", "maxReplicas")
    fewest = 1 if not low.is_there else low.number or 0
    most = high.number or 0
    yield Finding(
        1 <= fewest < most,
        high.evidence(f"more than minReplicas, {fewest}"),
        f"{scaler.title} has no room to scale: {fewest} to {most}",
    )
    for field, number, bounds in ((low, fewest, params.min_replicas), (high, most, params.max_replicas)):
        if bounds is not None:
            yield Finding(
                bounds.admits(number),
                field.evidence(bounds.words, str(number)),
                f"{scaler.title} has {field.path[-1]} {number}",
            )
    replicas = target.field("spec", "replicas") if target is not None else None
    if replicas is not None and replicas.is_there and target is not None:
        number = replicas.number or 0
        yield Finding(
            fewest <= number <= most,
            replicas.evidence(f"{fewest} to {most}, or left to the autoscaler"),
            f"{target.title} asks for {number} replicas where {scaler.title} keeps {fewest} to {most}",
        )


def _metrics(scaler: Manifest, target: Manifest | None, params: Scales) -> Iterator[Finding]:
    watched = list(_watched(scaler))
    if not watched:
        yield Finding(False, scaler.field("spec", "metrics").evidence("a metric"), f"{scaler.title} watches no metric")
    for metric in watched:
        yield _metric(scaler, metric, target, params)
    for resource in params.metrics:
        yield Finding(
            any(metric.resource == resource for metric in watched),
            scaler.field("spec", "metrics").evidence(f"a metric of {resource}"),
            f"{scaler.title} does not scale by {resource}",
        )


def _watched(scaler: Manifest) -> Iterator[_Metric]:
    plain = scaler.field("spec", "targetCPUUtilizationPercentage")
    if plain.is_there:
        yield _Metric(plain, "cpu", plain)
    for item in scaler.field("spec", "metrics").items():
        kind = item.get("type").text
        source = item.get(kind[:1].lower() + kind[1:]) if kind else item
        if not source.mapping:
            continue
        # The older versions of the API had the targets beside the name.
        places = [source.get("target", key) for key in ("averageUtilization", "averageValue", "value")]
        places += [source.get(key) for key in ("targetAverageUtilization", "targetAverageValue", "targetValue")]
        target = next((place for place in places if place.is_there), places[0])
        resource = source.get("name").text if kind in ("Resource", "ContainerResource") else ""
        container = source.get("container").text if kind == "ContainerResource" else ""
        yield _Metric(item, resource, target, container)


def _metric(scaler: Manifest, metric: _Metric, target: Manifest | None, params: Scales) -> Finding:
    number = read_quantity(metric.target.value)
    if number is None or number <= 0:
        return Finding(False, metric.target.evidence("a target above 0"), f"a metric of {scaler.title} has no target")
    if not metric.is_share:
        return Finding(True, metric.target.evidence("a target above 0"))
    if params.utilization is not None and not params.utilization.admits(number):
        return Finding(
            False,
            metric.target.evidence(f"{params.utilization.words} percent"),
            f"{scaler.title} scales at {number} percent",
        )
    if params.utilization is None and number > MOST_UTILIZATION:
        return Finding(
            False,
            metric.target.evidence(f"at most {MOST_UTILIZATION} percent"),
            f"{scaler.title} scales at {number} percent",
        )
    lacking = _without_request(metric, target)
    return Finding(
        lacking is None,
        (lacking or metric.target).evidence(f"a request of {metric.resource} to count by" if lacking else "a target"),
        f"{scaler.title} counts {metric.resource} by a request that {target.title if target else 'it'} does not make",
    )


def _without_request(metric: _Metric, target: Manifest | None) -> Field | None:
    """Return the request that is missing where a metric counts in percent of it."""
    if target is None or target.kind == "Rollout":
        return None
    workload = Workload(target)
    for container in workload.containers:
        if metric.container and container.name != metric.container:
            continue
        field = amount_of(workload, container, f"requests.{metric.resource}")
        if not read_quantity(field.value):
            return field
    return None
