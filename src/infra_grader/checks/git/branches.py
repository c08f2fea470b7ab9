"""The git.branches check kind."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from fractions import Fraction

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
    Regex,
    check,
)
from infra_grader.reading.git_history import Repository, open_repository

MERGED = re.compile(
    r"Merge (?:remote-tracking )?branch '(?:origin/)?([^'\n]+)'|Merge pull request #[0-9]+ from [^/\s]+/(\S+)"
)
MAIN = ("main", "master", "trunk")

Name = Annotated[str, Meta(min_length=1, description="Name or glob, such as `feature/*`.")]


class Branches(Params):
    """Which branches are asked for."""

    names: Annotated[
        tuple[Name | tuple[Name, ...], ...],
        Meta(description="Names or globs that must all be there; each may be a list, one of which is enough."),
    ] = ()
    min: Annotated[int, Meta(ge=1, description="Fewest branches, the main one counted; fewer earn their share.")] = 1
    pattern: Annotated[
        Regex | None, Meta(description="What the name of every branch but the main one must match from its start.")
    ] = None


@check("git.branches", measure="branches")
def branches(context: Context, params: Branches) -> Outcome:
    """Branches are there, here or at a remote; one that was merged and deleted counts by its merge commit."""
    repository = open_repository(context)
    found = _find_branches(context, repository)
    wanted = [(entry,) if isinstance(entry, str) else entry for entry in params.names]
    missing = [globs for globs in wanted if not any(fnmatchcase(name, glob) for glob in globs for name in found)]
    others = [name for name in found if name not in MAIN]
    misnamed = [name for name in others if params.pattern and not re.match(params.pattern, name)]
    if missing or len(found) < params.min:
        repository.require_whole()
    share = min(
        Fraction(len(wanted) - len(missing), len(wanted) or 1) if wanted else Fraction(1),
        Fraction(len(found), params.min),
        Fraction(len(others) - len(misnamed), len(others)) if others else Fraction(params.pattern is None),
        Fraction(1),
    )
    return Outcome.partial(
        share,
        _describe(found, [" or ".join(globs) for globs in missing], misnamed),
        Evidence.number(len(found), f"at least {params.min}", "branches"),
        *(_evidence(" or ".join(globs), "a branch", "not there") for globs in missing),
        *(_evidence(name, f"a name that matches {params.pattern}", name) for name in misnamed),
        *(_evidence(name, None, place) for name, place in found.items()),
        measure=Measure(value=len(found), unit="branches", threshold=params.min),
    )


def _find_branches(context: Context, repository: Repository) -> dict[str, str]:
    """Return the names of branches, and where each was found. Raises `CheckFailed` where there is no commit."""
    found: dict[str, str] = {}
    for ref in repository.folder.refs:
        if ref.startswith("refs/heads/"):
            found[ref.removeprefix("refs/heads/")] = "a branch here"
        elif ref.startswith("refs/remotes/"):
            found.setdefault(ref.removeprefix("refs/remotes/").partition("/")[2], "a branch at a remote")
    for commit in repository.history(context.deadline, repository.head):
        merged = MERGED.match(commit.subject) if commit.is_merge else None
        if merged:
            found.setdefault(merged[1] or merged[2], f"merged by commit {commit.id[:10]}")
    if not found:
        raise CheckFailed("There is no branch.", Evidence(path=".git", expected="branches", actual="none"))
    return found


def _evidence(name: str, expected: str | None, actual: str) -> Evidence:
    return Evidence(kind=EvidenceKind.FIELD, path=f"branch {name}", expected=expected, actual=actual)


def _describe(found: dict[str, str], missing: list[str], misnamed: list[str]) -> str:
    if missing:
        return f"There is no branch {', no branch '.join(missing)}."
    if misnamed:
        return f"{len(misnamed)} branches are not named as asked for: {', '.join(misnamed[:5])}."
    return f"There {'is 1 branch' if len(found) == 1 else f'are {len(found)} branches'}: {', '.join(list(found)[:10])}."
