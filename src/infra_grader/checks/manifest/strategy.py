"""The manifest.strategy check kind."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.checks.manifest._findings import Finding, Range, WorkloadParams, chosen_workloads, outcome_of
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.manifest import Field, ManifestSet
from infra_grader.reading.manifest_quantity import read_share
from infra_grader.reading.manifest_source import judge_manifests
from infra_grader.reading.manifest_workload import Workload, scalers, services_of

QUARTER = "25%"
"""What Kubernetes takes for both where a Deployment says nothing."""
ZERO = (0, "0%")


class Strategy(WorkloadParams):
    """What an update must be like."""

    kinds: Annotated[tuple[str, ...], Meta(min_length=1, description="Kinds of workloads that are looked at.")] = (
        "Deployment",
        "StatefulSet",
    )
    replicas: Annotated[
        Range | None,
        Meta(description="How many pods it must start with; where an autoscaler sets them, the fewest that it allows."),
    ] = None
    max_unavailable: Annotated[
        int | None, Meta(description="How many pods may be missing in an update; a percentage is worked out.")
    ] = None
    min_available: Annotated[int, Meta(ge=0, description="How many pods must be there all through an update.")] = 1
    needs_readiness: Annotated[
        bool, Meta(description="Whether a readiness probe is needed; without one a pod counts as ready at once.")
    ] = True


@check("manifest.strategy", capabilities=("command",), measure="percent")
def strategy(context: Context, params: Strategy) -> Outcome:
    """An update of a workload that serves requests leaves pods running: rolling, enough replicas, told when ready."""
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: Strategy) -> Outcome:
    chosen = chosen_workloads(found, params)
    served = [workload for workload in chosen if services_of(workload, found)]
    findings = [finding for workload in served or chosen for finding in _findings(workload, found, params)]
    return outcome_of(findings, "Update strategy", found)


def _findings(workload: Workload, found: ManifestSet, params: Strategy) -> Iterator[Finding]:
    field, count = _replicas(workload, found)
    if params.replicas is not None:
        yield Finding(
            params.replicas.admits(count),
            field.evidence(f"{params.replicas.words} replicas", str(count)),
            f"{workload.title} starts with {count} replicas, not {params.replicas.words}",
        )
    yield _rolling(workload, count, params)
    if params.needs_readiness:
        ready = [container.field.get("readinessProbe") for container in workload.containers]
        best = next((probe for probe in ready if probe.mapping), workload.pod.get("containers"))
        yield Finding(
            any(probe.mapping for probe in ready),
            best.evidence("a readiness probe", "there" if any(probe.mapping for probe in ready) else "not there"),
            f"{workload.title} has no readiness probe, so an update does not wait for new pods",
        )


def _replicas(workload: Workload, found: ManifestSet) -> tuple[Field, int]:
    """Return how many pods a workload runs at least, and the field that says so."""
    for scaler, target in scalers(found):
        if target is workload.manifest:
            field = scaler.field("spec", "minReplicas")
            return field, 1 if field.number is None else field.number
    return workload.manifest.field("spec", "replicas"), workload.replicas


def _rolling(workload: Workload, count: int, params: Strategy) -> Finding:
    if workload.manifest.kind != "Deployment":
        return _one_by_one(workload, count, params)
    field = workload.manifest.field("spec", "strategy")
    kind = field.get("type")
    if kind.value not in (None, "RollingUpdate"):
        return Finding(
            False, kind.evidence("RollingUpdate"), f"{workload.title} is updated by {kind.text[:40] or 'nothing'}"
        )
    missing, extra = field.get("rollingUpdate", "maxUnavailable"), field.get("rollingUpdate", "maxSurge")
    down = read_share(missing.value if missing.is_there else QUARTER, count, round_up=False)
    up = read_share(extra.value if extra.is_there else QUARTER, count, round_up=True)
    if down is None or up is None:
        wrong = missing if down is None else extra
        return Finding(False, wrong.evidence("a number or a percentage"), f"{workload.title} says no number of pods")
    if down == 0 and up == 0:
        if missing.value in ZERO and extra.value in ZERO:
            problem = f"{workload.title} can never be updated: no pod may be missing and none may be added"
            return Finding(False, extra.evidence("at least one above 0"), problem)
        down = 1  # as Kubernetes does where rounding leaves nothing
    left = max(0, count - down)
    return _enough(workload, missing, count, down, left, params)


def _one_by_one(workload: Workload, count: int, params: Strategy) -> Finding:
    field = workload.manifest.field("spec", "updateStrategy")
    if field.get("type").value not in (None, "RollingUpdate"):
        return Finding(False, field.get("type").evidence("RollingUpdate"), f"{workload.title} is not updated by itself")
    return _enough(workload, field, count, 1, max(0, count - 1), params)


def _enough(workload: Workload, field: Field, count: int, down: int, left: int, params: Strategy) -> Finding:
    most = params.max_unavailable
    if most is not None and down > most:
        return Finding(
            False,
            field.evidence(f"at most {most} of {count} missing", f"{down} missing"),
            f"an update of {workload.title} takes {down} of {count} pods away at once",
        )
    return Finding(
        left >= params.min_available,
        field.evidence(f"at least {params.min_available} of {count} pods available", f"{left} available"),
        f"an update of {workload.title} leaves {left} of {count} pods available",
    )
