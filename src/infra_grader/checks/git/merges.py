"""The git.merges check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.checks.git._commits import BaseCommits, find_own_commits, show_commits
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, Params, check
from infra_grader.reading.git_history import open_repository


class Merges(Params):
    """How many merges are asked for."""

    min: Annotated[int, Meta(ge=1, description="Fewest merge commits; fewer earn their share.")] = 1
    base: BaseCommits = ()


@check("git.merges", measure="merges")
def merges(context: Context, params: Merges) -> Outcome:
    """The learner merged branches: commits with two parents, by which the work changed."""
    repository = open_repository(context)
    commits = [commit for commit in find_own_commits(context, repository, params.base) if commit.is_merge]
    number = len(commits)
    if number < params.min:
        repository.require_whole()
    return Outcome.partial(
        min(Fraction(number, params.min), Fraction(1)),
        f"{number} {'merge commit changes' if number == 1 else 'merge commits change'} the work.",
        Evidence.number(number, f"at least {params.min}", "merges"),
        *show_commits(commits),
        measure=Measure(value=number, unit="merges", threshold=params.min),
    )
