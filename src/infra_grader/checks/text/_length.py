"""What text.lines and text.words share: bounds on a number that is counted in one file."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.plugin import Annotated, Evidence, Measure, Meta, Outcome, Params, Places, TextFile


class Length(Params):
    """Which file, and how long it may be."""

    path: Annotated[Places, Meta(description="The file, or several places that may hold it.")]
    min: Annotated[int, Meta(ge=0, description="Fewest; fewer earn their share.")] = 1
    max: Annotated[Annotated[int, Meta(ge=1)] | None, Meta(description="Most; more earn nothing.")] = None

    def __post_init__(self) -> None:
        """Refuse bounds that nothing can meet."""
        if self.max is not None and self.max < self.min:
            raise ValueError(f"`max` {self.max} is below `min` {self.min}")


def judge_length(file: TextFile, number: int, unit: str, params: Length) -> Outcome:
    """Return the outcome for what was counted in a file; nothing at all never passes."""
    if not number or (params.max is not None and number > params.max):
        share = Fraction(0)
    else:
        share = min(Fraction(1), Fraction(number, max(params.min, 1)))
    wanted = f"at least {params.min}" if params.max is None else f"{params.min} to {params.max}"
    return Outcome.partial(
        share,
        f"{file.path} holds {number} {unit}.",
        Evidence(path=file.path, expected=wanted, actual=number, unit=unit),
        measure=Measure(value=number, unit=unit, threshold=params.min),
    )
