"""The results.recomputed check kind."""

from __future__ import annotations

import math
from typing import Literal

from infra_grader.checks.results._values import ValuePath, ValuePaths, as_number, find_values, listed, read_results
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    check,
    places,
)

Aggregate = Literal["count", "sum", "mean", "min", "max", "p50", "p90", "p95", "p99"]


class Recomputed(Params):
    """Which claimed value is held against which samples."""

    path: Annotated[Places, Meta(description="The file with the claimed value: JSON, YAML, TOML or CSV.")]
    at: Annotated[ValuePaths, Meta(description="Path to the claimed value, or several that are accepted.")]
    samples: Annotated[Places, Meta(description="The file with the raw samples; it may be the same one.")]
    samples_at: Annotated[ValuePath, Meta(description="Path to the samples, such as `[*].latency_ms` in a CSV file.")]
    aggregate: Annotated[Aggregate, Meta(description="How the claimed value follows from the samples.")]
    min_samples: Annotated[int, Meta(ge=1, description="Fewest samples.")] = 1
    tolerance: Annotated[float, Meta(ge=0, description="Percent by which the two may differ.")] = 1.0

    def __post_init__(self) -> None:
        """Refuse paths that lead nowhere."""
        listed(self.at)
        listed(self.samples_at)


@check("results.recomputed", measure="percent")
def recomputed(context: Context, params: Recomputed) -> Outcome:
    """A claimed value follows from the raw samples; measured is how far it is off. A claim all the same."""
    claims, data = read_results(context, places(params.path))
    paths = listed(params.at)
    claimed = [number for value in find_values(data, paths)[:1] if (number := as_number(value.found)) is not None]
    if not claimed:
        raise CheckFailed(
            f"{claims.path} reports no number at {' or '.join(paths)}.",
            Evidence(path=claims.path, expected="a number", actual="none", text=" or ".join(paths)),
        )
    numbers, where = _read_samples(context, params)
    least, most = _aggregate(sorted(numbers), params.aggregate)
    nearest = min(max(claimed[0], least), most)
    off = abs(claimed[0] - nearest) / abs(nearest) * 100 if nearest else (0.0 if claimed[0] == nearest else 100.0)
    outcome = Outcome.passed_if(
        off <= params.tolerance,
        f"{claims.path} reports {claimed[0]:g}; the {params.aggregate} of {len(numbers)} samples is {nearest:g}.",
        Evidence(kind=EvidenceKind.FIELD, path=" or ".join(paths), expected=nearest, actual=claimed[0]),
        Evidence(path=where, expected=f"at least {params.min_samples}", actual=len(numbers), unit="samples"),
        measure=Measure(value=round(off, 3), unit="percent", threshold=params.tolerance),
    )
    return outcome.replace(claimed=True)


def _read_samples(context: Context, params: Recomputed) -> tuple[list[float], str]:
    """Return the samples and their file. Raises `CheckFailed` if they are too few, or not all numbers."""
    file, data = read_results(context, places(params.samples))
    found = find_values(data, [params.samples_at])
    if len(found) == 1 and isinstance(found[0].found, list):
        found = find_values(data, [f"{params.samples_at}[*]"])
    numbers = [as_number(value.found) for value in found]
    for value, number in zip(found, numbers, strict=True):
        if number is None:
            raise CheckFailed(
                f"{file.path} holds a sample that is no number: {value.path}.",
                Evidence(path=file.path, expected="finite numbers", actual=repr(value.found)[:100], text=value.path),
            )
    if len(numbers) < params.min_samples:
        raise CheckFailed(
            f"{file.path} holds {len(numbers)} samples at {params.samples_at}.",
            Evidence(path=file.path, expected=f"at least {params.min_samples}", actual=len(numbers), unit="samples"),
        )
    return [number for number in numbers if number is not None], file.path


def _aggregate(ordered: list[float], aggregate: Aggregate) -> tuple[float, float]:
    """Return the least and the largest value that the usual definitions give: percentiles have several."""
    number = len(ordered)
    if aggregate.startswith("p"):
        place = int(aggregate[1:]) / 100 * (number - 1)
        nearest = math.ceil(int(aggregate[1:]) / 100 * number)
        return ordered[min(math.floor(place), nearest - 1)], ordered[max(math.ceil(place), min(nearest, number - 1))]
    exact = {
        "count": float(number),
        "sum": math.fsum(ordered),
        "mean": math.fsum(ordered) / number,
        "min": ordered[0],
        "max": ordered[-1],
    }[aggregate]
    return exact, exact
