"""The file.exists check kind."""

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


class Exists(Params):
    """What to look for: `path` for one file, `paths` for several."""

    path: Annotated[Places | None, Meta(description="The file; or several places, one of which must hold it.")] = None
    paths: Annotated[
        Annotated[list[Places], Meta(min_length=1)] | None,
        Meta(description="Files that must all be there; each may be a list of places."),
    ] = None
    non_empty: Annotated[bool, Meta(description="Whether a file must hold more than white space to count.")] = True

    def __post_init__(self) -> None:
        """Refuse parameters that name nothing, or name it twice."""
        if (self.path is None) == (self.paths is None):
            raise ValueError("give either `path` or `paths`")

    @property
    def wanted(self) -> list[list[str]]:
        """The places of each file."""
        return [places(entry) for entry in (self.paths or [self.path or []])]


@check("file.exists", measure="percent")
def exists(context: Context, params: Exists) -> Outcome:
    """Files are there, and hold something; several earn the share that is there."""
    wanted = params.wanted
    found: list[Evidence] = []
    lost: list[CheckFailed] = []
    for alternatives in wanted:
        try:
            found.append(_find(context.workspace, alternatives, non_empty=params.non_empty))
        except CheckFailed as verdict:
            lost.append(verdict)
    if lost and len(wanted) == 1:
        raise lost[0]
    share = Fraction(len(found), len(wanted))
    there = f"{len(found)} of {len(wanted)} files are there" if lost else _all_there(found)
    return Outcome.partial(
        share,
        f"{there}: {' '.join(verdict.message for verdict in lost)}" if lost else f"{there}.",
        *(piece for verdict in lost for piece in verdict.evidence),
        *found,
        measure=Measure(value=float(round(share * 100, 2)), unit="percent", threshold=100),
    )


def _find(workspace: Workspace, alternatives: list[str], *, non_empty: bool) -> Evidence:
    """Return where the file is. Raises `CheckFailed` if it is in none of the places, or is empty in each."""
    empty = ""
    for path in (path for place in alternatives for path in workspace.find(place)):
        size = workspace.size(path)
        if not non_empty or not workspace.is_blank(path):
            return Evidence(path=path, expected="a file", actual=f"{size} bytes")
        empty = empty or path
    if empty:
        raise CheckFailed(
            f"{empty} is empty.", Evidence(path=empty, expected="a file that holds something", actual="empty")
        )
    workspace.first(alternatives)  # raises, and says what is there instead
    raise AssertionError(alternatives)


def _all_there(found: list[Evidence]) -> str:
    return f"{found[0].path} is there" if len(found) == 1 else f"All {len(found)} files are there"
