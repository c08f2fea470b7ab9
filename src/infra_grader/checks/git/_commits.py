"""Which commits are the learner's own, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, EvidenceKind, Meta
from infra_grader.reading.git_history import Commit, Entry, Repository

MAX_SHOWN = 20

BaseCommits = Annotated[
    tuple[Annotated[str, Meta(pattern="^[0-9a-f]{7,40}$")], ...],
    Meta(description="Ids of the course's own last commits: they and all before them are not the learner's."),
]

BOT = re.compile(r"\[bot\] *<|<[^>]*\[bot\]@")


def find_own_commits(context: Context, repository: Repository, base: Sequence[str] = ()) -> list[Commit]:
    """Return the learner's commits in the checked out history, newest first.

    Not theirs are commits of bots, those that `base` reaches, those that leave the work as it was (empty ones among
    them), and those that bring nothing but the starter's files. Raises `CheckFailed` if none is left.
    """
    commits = repository.history(context.deadline, repository.head)
    known = [commit.id for commit in commits if any(commit.id.startswith(start) for start in base)]
    theirs = {commit.id for commit in repository.history(context.deadline, *known)} if known else set()
    own = []
    for commit in commits:
        context.deadline.check()
        if commit.id not in theirs and not BOT.search(commit.author) and _is_own(context, repository, commit):
            own.append(commit)
    if not own:
        repository.require_whole()
        raise CheckFailed(
            "No commit holds work of the learner's own.",
            Evidence(path=".git", expected="commits that change the work", actual=f"{len(commits)} other commits"),
        )
    return own


def _is_own(context: Context, repository: Repository, commit: Commit) -> bool:
    """Whether a commit changes the work by more than the starter's files.

    The first commit of all often holds the starter and what a template adds to it: half of its files decide.
    """
    changed = repository.changes(commit)
    if changed is None:
        return False
    handed_out = sum(is_starter_entry(context, entry) for entry in changed)
    if not commit.parents and commit.id not in repository.folder.shallow:
        return 2 * handed_out < len(changed)
    return not changed or handed_out < len(changed)


def is_starter_entry(context: Context, entry: Entry) -> bool:
    """Whether a committed file is exactly what was handed out, unless the check accepts that as work."""
    workspace = context.workspace
    return not workspace.allow_starter and any(map(entry.id.startswith, workspace.starter.blobs.values()))


def show_commits(commits: Iterable[Commit], expected: str | None = None) -> list[Evidence]:
    """Return the first few commits as evidence."""
    return [
        Evidence(kind=EvidenceKind.FIELD, path=f"commit {commit.id[:10]}", expected=expected, actual=commit.subject)
        for commit, _ in zip(commits, range(MAX_SHOWN), strict=False)
    ]
