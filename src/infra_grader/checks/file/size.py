"""The file.size check kind."""

from __future__ import annotations

from infra_grader.plugin import (
    Annotated,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    check,
    places,
)

Number = Annotated[int, Meta(ge=0)]


class Size(Params):
    """Which files, and how large they may be."""

    path: Annotated[Places, Meta(description="The file, or several places; all files of a glob are looked at.")]
    min: Annotated[Number | None, Meta(description="Fewest bytes.")] = None
    max: Annotated[Number | None, Meta(description="Most bytes.")] = None

    def __post_init__(self) -> None:
        """Refuse bounds that nothing can meet."""
        if self.min is None and self.max is None:
            raise ValueError("give `min`, `max` or both")
        if self.min is not None and self.max is not None and self.max < self.min:
            raise ValueError(f"`max` {self.max} is below `min` {self.min}")

    def admits(self, size: int) -> bool:
        """Whether a size lies within the bounds."""
        return (self.min or 0) <= size and (self.max is None or size <= self.max)

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        if self.max is None:
            return f"at least {self.min}"
        return f"at most {self.max}" if self.min is None else f"{self.min} to {self.max}"


@check("file.size", measure="bytes")
def size(context: Context, params: Size) -> Outcome:
    """Files are as large as asked for; measured is the file that is furthest off: the largest, or the smallest.

    An empty file passes only where `min: 0` says so.
    """
    sizes = {path: context.workspace.size(path) for path in context.workspace.find_first(places(params.path))}
    wrong = {
        path: number for path, number in sizes.items() if not params.admits(number) or (not number and params.min != 0)
    }
    shown = wrong or sizes
    path, number = max(shown.items(), key=lambda item: item[1] if params.max is not None else -item[1])
    others = f", and {len(wrong) - 1} more files are out of bounds" if len(wrong) > 1 else ""
    return Outcome.passed_if(
        not wrong,
        f"{path} holds {number} bytes{others}.",
        *(Evidence(path=path, expected=params.bounds, actual=number, unit="bytes") for path, number in shown.items()),
        measure=Measure(value=number, unit="bytes", threshold=params.max if params.max is not None else params.min),
    )
