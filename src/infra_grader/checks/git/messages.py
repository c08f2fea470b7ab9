"""The git.messages check kind."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from unicodedata import east_asian_width

from infra_grader.checks.git._commits import BaseCommits, find_own_commits, show_commits
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, Params, Regex, check
from infra_grader.reading.git_history import Commit, open_repository

TYPES = (
    "build", "chore", "ci", "config", "data", "deps", "docs", "experiment", "feat", "fix", "model", "perf",
    "pipeline", "refactor", "revert", "style", "test",
)  # fmt: skip
"""Conventional Commits' usual types, and those that the course adds for machine learning."""

CONVENTIONAL = re.compile(r"(?P<type>[A-Za-z]+)(?:\([^()]+\))?!?: +(?P<text>\S.*)")
MADE_BY_GIT = re.compile(r"(?i:revert\b|reapply\b|merge\b|(fixup|squash|amend)! |initial commit$|first commit$)")
VAGUE = frozenset({
    "a", "again", "all", "and", "asdf", "bar", "bug", "bugs", "change", "changed", "changes", "code", "commit",
    "commits", "done", "edit", "edits", "file", "files", "final", "fix", "fixed", "fixes", "foo", "in", "it", "last",
    "minor", "misc", "more", "my", "new", "progress", "small", "some", "stuff", "temp", "test", "testing", "tests",
    "the", "thing", "things", "tmp", "update", "updated", "updates", "wip", "work",
})  # fmt: skip
"""A message of nothing but such words says nothing about the change."""
MOST_ALIKE = 2
"""So often a subject may be used; what is done again and again has no name of its own."""
REPEATED = "a subject that no other commits have"


class Messages(Params):
    """What messages should look like, and how many of them must."""

    conventional: Annotated[bool, Meta(description="Whether a subject must read `type(scope): what was done`.")] = False
    types: Annotated[tuple[str, ...], Meta(min_length=1, description="Types that are known.")] = TYPES
    pattern: Annotated[Regex | None, Meta(description="What a subject must match from its start.")] = None
    min_length: Annotated[int, Meta(ge=1, description="Fewest characters of a subject, without its type.")] = 8
    max_length: Annotated[int, Meta(ge=1, description="Most characters of a subject.")] = 100
    min: Annotated[float, Meta(gt=0, le=100, description="Percent of the messages that must be good.")] = 80.0
    base: BaseCommits = ()


@check("git.messages", measure="percent")
def messages(context: Context, params: Messages) -> Outcome:
    """Messages say what was done, each in its own words; merges, reverts and a usual first message are left out."""
    repository = open_repository(context)
    commits = [
        commit
        for commit in find_own_commits(context, repository, params.base)
        if not commit.is_merge and not MADE_BY_GIT.match(commit.subject)
    ]
    repository.require_whole()
    if not commits:
        raise CheckFailed(
            "No commit has a message of the learner's own.",
            Evidence(path=".git", expected="messages that say what was done", actual="merges, reverts, first commits"),
        )
    subjects = Counter(commit.subject for commit in commits)
    faults = [
        (commit, fault)
        for commit in commits
        if (fault := _fault(commit, params) or (REPEATED if subjects[commit.subject] > MOST_ALIKE else ""))
    ]
    good = len(commits) - len(faults)
    share = Fraction(good, len(commits))
    percent = round(float(share * 100), 1)
    return Outcome.partial(
        min(Fraction(1), share / (Fraction(params.min) / 100)),
        f"{good} of {len(commits)} commit messages say what was done as asked for.",
        Evidence.number(percent, f"at least {params.min:g}", "percent"),
        *(piece for commit, fault in faults for piece in show_commits([commit], fault)),
        *([] if faults else show_commits(commits)),
        measure=Measure(value=percent, unit="percent", threshold=params.min),
    )


def _fault(commit: Commit, params: Messages) -> str:
    """Return what a message should be and is not, or nothing."""
    subject = commit.subject[:1000]
    found = CONVENTIONAL.fullmatch(subject)
    if params.conventional and (found is None or found["type"].lower() not in params.types):
        return f"type(scope): what was done, with a type of {', '.join(params.types)}"
    text = found["text"] if found and found["type"].lower() in params.types else subject
    if params.pattern is not None and not re.match(params.pattern, subject):
        return f"a subject that matches {params.pattern}"
    if _width(text) < params.min_length:
        return f"a subject of at least {params.min_length} characters"
    if len(commit.subject) > params.max_length:
        return f"a subject of at most {params.max_length} characters"
    return "words that say what was done" if _is_vague(text) else ""


def _width(text: str) -> int:
    """Return how long a text is in Latin letters: the characters of Chinese, Japanese and Korean say twice as much."""
    return len(text) + sum(east_asian_width(sign) in "WF" for sign in text if not sign.isascii())


def _is_vague(text: str) -> bool:
    """Whether no word of a subject says anything about the change."""
    return all(word.lower() in VAGUE for word in re.findall(r"[^\W\d_]+", text))
