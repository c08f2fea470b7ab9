"""What the kinds of this family ask of many objects at once, and the outcome that comes of the answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Annotated, NamedTuple

from msgspec import Meta

from infra_grader.plugin import Evidence, Measure, Outcome, Params, Regex
from infra_grader.reading.manifest import ManifestSet
from infra_grader.reading.manifest_quantity import read_quantity
from infra_grader.reading.manifest_source import ManifestParams
from infra_grader.reading.manifest_workload import LONG_RUNNING, Container, Workload, workloads

MOST_SHOWN = 20
LONGEST_IMAGE = 300


class Finding(NamedTuple):
    """The answer to one question about one field."""

    is_met: bool
    evidence: Evidence
    problem: str = ""
    """What is wrong, as the end of a sentence."""


def outcome_of(findings: Sequence[Finding], subject: str, found: ManifestSet) -> Outcome:
    """Return the outcome for the share of the questions that are answered well. There must be at least one."""
    lost = [finding for finding in findings if not finding.is_met]
    share = Fraction(len(findings) - len(lost), len(findings))
    problem = f"; {lost[0].problem}" if lost and lost[0].problem else ""
    shown = [finding.evidence for finding in (*lost, *(each for each in findings if each.is_met))][:MOST_SHOWN]
    return Outcome.partial(
        share,
        f"{subject} in {found.source}: {len(findings) - len(lost)} of {len(findings)} requirements met{problem}.",
        *shown,
        *(fault.evidence for fault in found.faults[:3]),
        *found.notes,
        measure=Measure(value=round(float(share * 100), 1), unit="percent", threshold=100),
    )


class WorkloadParams(ManifestParams):
    """Which workloads a check looks at."""

    kinds: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="Kinds of workloads that are looked at; every one of them counts."),
    ] = LONG_RUNNING
    image: Annotated[
        Regex | None, Meta(description="Only the containers whose image matches this; without it, all of them.")
    ] = None


def chosen_workloads(found: ManifestSet, params: WorkloadParams) -> list[Workload]:
    """Return the workloads that the parameters are about. Raises `CheckFailed` if there is none."""
    fitting = [each for each in workloads(found) if each.manifest.kind in params.kinds]
    if params.image is not None:
        fitting = [each for each in fitting if chosen_containers(each.containers, params)]
    if not fitting:
        kinds = "workload" if params.kinds == LONG_RUNNING else " or ".join(params.kinds)
        with_image = f" with an image like {params.image!r}" if params.image else ""
        raise found.absent(f"{kinds}{with_image}")
    return fitting


def chosen_containers(containers: Iterable[Container], params: WorkloadParams) -> list[Container]:
    """Return the containers that the parameters are about."""
    pattern = params.image
    return [each for each in containers if pattern is None or re.search(pattern, each.image[:LONGEST_IMAGE])]


def no_containers(workload: Workload) -> Finding:
    """Return what is to be said of a workload without containers."""
    return Finding(
        False, workload.pod.get("containers").evidence("a list of containers"), f"{workload.title} has no containers"
    )


class Range(Params):
    """Bounds of a number, both included; a quantity such as `500m` or `1Gi` is a number too."""

    at_least: Annotated[float | str | None, Meta(description="Smallest value.")] = None
    at_most: Annotated[float | str | None, Meta(description="Largest value.")] = None

    def __post_init__(self) -> None:
        """Refuse bounds that are no quantities, or none at all."""
        bounds = [bound for bound in (self.at_least, self.at_most) if bound is not None]
        if not bounds:
            raise ValueError("give `at_least`, `at_most` or both")
        for bound in bounds:
            if read_quantity(bound) is None:
                raise ValueError(f"{bound!r} is no quantity; write a number, `500m` or `1Gi`")

    def admits(self, value: Fraction | int) -> bool:
        """Whether a number lies within the bounds."""
        least, most = read_quantity(self.at_least), read_quantity(self.at_most)
        return (least is None or value >= least) and (most is None or value <= most)

    @property
    def words(self) -> str:
        """The bounds in words."""
        least = "" if self.at_least is None else f"at least {_plain(self.at_least)}"
        most = "" if self.at_most is None else f"at most {_plain(self.at_most)}"
        return " and ".join(filter(None, (least, most)))


def _plain(bound: float | str) -> str:
    return bound if isinstance(bound, str) else f"{bound:g}"
