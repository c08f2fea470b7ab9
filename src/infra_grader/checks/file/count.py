"""The file.count check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    Workspace,
    check,
    places,
)


class Count(Params):
    """Which files to count, and how many are asked for."""

    paths: Annotated[Places, Meta(description="Paths and globs; a file that several of them match counts once.")]
    min: Annotated[int, Meta(ge=0, description="Fewest files; fewer earn their share.")] = 1
    max: Annotated[int | None, Meta(description="Most files; more earn nothing.")] = None

    def __post_init__(self) -> None:
        """Refuse bounds that nothing can meet."""
        if self.max is not None and self.max < self.min:
            raise ValueError(f"`max` {self.max} is below `min` {self.min}")

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        if self.max is None:
            return f"at least {self.min}"
        return f"{self.min} to {self.max}" if self.min else f"at most {self.max}"


@check("file.count", measure="files")
def count(context: Context, params: Count) -> Outcome:
    """As many files match as are asked for; empty files do not count, copies of one file count once each."""
    workspace = context.workspace
    if not workspace.holds_work():
        raise CheckFailed(
            "The submission holds no work of its own.", Evidence(path=".", expected="files", actual="none")
        )
    patterns = places(params.paths)
    found, empty = _filled(workspace, patterns)
    number = len(found)
    share = Fraction(1) if number >= params.min else Fraction(number, params.min)
    if params.max is not None and number > params.max:
        share = Fraction(0)
    return Outcome.partial(
        share,
        f"{number} {'file matches' if number == 1 else 'files match'} {' or '.join(patterns)}.",
        Evidence.number(number, params.bounds, "files"),
        *(Evidence(path=path) for path in found),
        *(Evidence(path=path, expected="a file that holds something", actual="empty") for path in empty),
        measure=Measure(value=number, unit="files", threshold=params.min),
    )


def _filled(workspace: Workspace, patterns: list[str]) -> tuple[list[str], list[str]]:
    """Return the files that match and hold something, and those that are empty or no regular file."""
    filled: list[str] = []
    empty: list[str] = []
    for path in workspace.find(*patterns):
        try:
            (empty if workspace.is_blank(path) else filled).append(path)
        except CheckFailed:  # a link that leads out or nowhere
            empty.append(path)
    return filled, empty
