"""The git.large_files check kind."""

from __future__ import annotations

from infra_grader.checks.git._commits import is_starter_entry
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, Params, check
from infra_grader.reading.git_history import open_repository


class LargeFiles(Params):
    """What is large, and where it may not be."""

    max: Annotated[int, Meta(ge=1, description="Most bytes of a committed file.")] = 1_000_000
    history: Annotated[
        bool, Meta(description="Whether files count that an earlier commit, another branch or a tag holds.")
    ] = True


@check("git.large_files", measure="bytes")
def large_files(context: Context, params: LargeFiles) -> Outcome:
    """No file in the repository is large, in no commit; measured is the largest."""
    repository = open_repository(context)
    tips = repository.tips() if params.history else (repository.head,)
    commits = repository.history(context.deadline, *tips)
    searched = reversed(commits) if params.history else commits[:1]
    sizes = [
        (repository.size(entry.id), entry.path, commit)
        for commit, entry in repository.new_files(searched, context.deadline)
        if not is_starter_entry(context, entry)
    ]
    if not sizes:
        raise CheckFailed(
            "No commit holds work of the learner's own.",
            Evidence(path=".git", expected="committed files", actual="none"),
        )
    sizes.sort(key=lambda item: -item[0])
    large = [item for item in sizes if item[0] > params.max]
    if not large and params.history:
        repository.require_whole()
    size, path, commit = sizes[0]
    others = f", and {len(large) - 1} more are too large" if len(large) > 1 else ""
    return Outcome.passed_if(
        not large,
        f"{path} in commit {commit.id[:10]} holds {size} bytes{others}."
        if large
        else f"The largest committed file, {path}, holds {size} bytes.",
        *(
            Evidence(path=path, expected=f"at most {params.max}", actual=size, unit="bytes", text=commit.subject)
            for size, path, commit in large or sizes[:1]
        ),
        measure=Measure(value=size, unit="bytes", threshold=params.max),
    )
