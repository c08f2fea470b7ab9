"""The git.history check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.checks.git._commits import BaseCommits, find_own_commits, show_commits
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, Params, check
from infra_grader.reading.git_history import open_repository


class History(Params):
    """How much history is asked for."""

    min: Annotated[int, Meta(ge=1, description="Fewest commits of the learner's own; fewer earn their share.")]
    days: Annotated[int, Meta(ge=1, description="Fewest different days on which they were made.")] = 1
    base: BaseCommits = ()


@check("git.history", measure="commits")
def history(context: Context, params: History) -> Outcome:
    """The learner made several commits that change the work; the starter's and empty ones do not count."""
    repository = open_repository(context)
    commits = find_own_commits(context, repository, params.base)
    number, days = len(commits), len({commit.day for commit in commits if commit.day})
    if number < params.min or days < params.days:
        repository.require_whole()
    share = min(Fraction(number, params.min), Fraction(days, params.days), Fraction(1))
    return Outcome.partial(
        share,
        f"{number} {'commit changes' if number == 1 else 'commits change'} the work,"
        f" made on {days} {'day' if days == 1 else 'days'}.",
        Evidence.number(number, f"at least {params.min}", "commits"),
        Evidence.number(days, f"at least {params.days}", "days", "as the dates of the commits say"),
        *show_commits(commits),
        measure=Measure(value=number, unit="commits", threshold=params.min),
    )
