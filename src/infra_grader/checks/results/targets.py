"""The results.targets check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.checks.results._values import Value, ValuePaths, as_number, find_values, listed, read_results
from infra_grader.plugin import (
    Annotated,
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


class Target(Params):
    """What one value must reach."""

    title: Annotated[str, Meta(min_length=1, description="What is measured, in a few words.")]
    at: Annotated[ValuePaths, Meta(description="Path to the value, or several: the first that is there counts.")]
    at_least: Annotated[float | None, Meta(description="Smallest value.")] = None
    at_most: Annotated[float | None, Meta(description="Largest value.")] = None
    unit: Annotated[str, Meta(description="Unit of the value.")] = ""

    def __post_init__(self) -> None:
        """Refuse bounds that nothing can meet, and paths that lead nowhere."""
        listed(self.at)
        if self.at_least is None and self.at_most is None:
            raise ValueError("give `at_least`, `at_most` or both")
        if self.at_least is not None and self.at_most is not None and self.at_most < self.at_least:
            raise ValueError(f"`at_most` {self.at_most:g} is below `at_least` {self.at_least:g}")

    def admits(self, number: float) -> bool:
        """Whether a value reaches the target."""
        return (self.at_least is None or number >= self.at_least) and (self.at_most is None or number <= self.at_most)

    @property
    def bounds(self) -> str:
        """The target in words."""
        least = "" if self.at_least is None else f"at least {self.at_least:g}"
        most = "" if self.at_most is None else f"at most {self.at_most:g}"
        return " and ".join(filter(None, (least, most)))


class Targets(Params):
    """Where the results are, and what they must reach."""

    path: Annotated[Places, Meta(description="A JSON, YAML, TOML or CSV file (a list of rows), or several places.")]
    targets: Annotated[list[Target], Meta(min_length=1, description="What must be reached; each earns its share.")]


@check("results.targets", measure="percent")
def targets(context: Context, params: Targets) -> Outcome:
    """Values in a results file that the learner hands in reach their targets; a claim, for the file can be made up."""
    file, data = read_results(context, places(params.path))
    judged = [(target, _judge(data, target)) for target in params.targets]
    lost = [target.title for target, (is_met, _) in judged if not is_met]
    share = Fraction(len(judged) - len(lost), len(judged))
    outcome = Outcome.partial(
        share,
        f"{file.path} reaches {len(judged) - len(lost)} of {len(judged)} targets"
        + (f", not {', '.join(lost)}." if lost else "."),
        Evidence(path=file.path, expected=f"{len(judged)} targets", actual=f"{len(judged) - len(lost)} reached"),
        *(piece for _, (is_met, evidence) in judged if not is_met for piece in evidence),
        *(piece for _, (is_met, evidence) in judged if is_met for piece in evidence),
        measure=Measure(value=round(float(share * 100), 1), unit="percent", threshold=100),
    )
    return outcome.replace(claimed=True)


def _judge(data: object, target: Target) -> tuple[bool, list[Evidence]]:
    """Return whether every value that the target names reaches it, and the evidence for that."""
    paths = listed(target.at)
    found = find_values(data, paths)
    if not found:
        return False, [_evidence(target, " or ".join(paths), "not reported")]
    numbers = [as_number(value.found) for value in found]
    is_met = all(number is not None and target.admits(number) for number in numbers)
    shown = [
        _evidence(target, value.path, _shown(value) if number is None else number)
        for value, number in zip(found, numbers, strict=True)
        if is_met or number is None or not target.admits(number)
    ]
    return is_met, shown


def _evidence(target: Target, path: str, actual: str | float) -> Evidence:
    return Evidence(
        kind=EvidenceKind.FIELD,
        path=path,
        expected=target.bounds,
        actual=actual,
        unit=target.unit or None,
        text=target.title,
    )


def _shown(value: Value) -> str:
    kind = {dict: "a mapping", list: "a list", type(None): "nothing"}.get(type(value.found))
    return f"{kind or repr(value.found)[:100]}, which is no finite number"
