"""Secrets in the history of a repository: what was pushed once stays known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from infra_grader.capabilities.workspace import compile_glob, decode_text
from infra_grader.plugin import CheckFailed, Context, Evidence, NotAssessed
from infra_grader.reading.git_folder import has_git_folder
from infra_grader.reading.git_history import Commit, Repository, open_repository
from infra_grader.reading.secret_search import find_secrets, show_secret

MAX_VERSION_BYTES = 1024 * 1024
"""Larger versions of files are data, not settings."""
MAX_HISTORY_BYTES = 128 * 1024 * 1024


class Past(NamedTuple):
    """What was found in the history."""

    places: list[Evidence]
    note: str


def search_history(context: Context, paths: Sequence[str], exclude: Sequence[str], *, known: set[str]) -> Past:
    """Return where secrets were that are not among the known ones, each in the commit that brought it.

    Raises `NotAssessed` if nothing was found and part of the history cannot be seen. Without a repository there is no
    history that could hold anything.
    """
    if not has_git_folder(context.workspace.folder):
        return Past([], "There is no Git repository, so there is no history to search.")
    repository = open_repository(context)
    places: list[Evidence] = []
    versions = 0
    for commit, path, text in _versions(context, repository, paths, exclude):
        versions += 1
        for secret in find_secrets(path, text):
            if secret.text not in known:
                known.add(secret.text)
                places.append(show_secret(path, secret, f"in commit {commit.id[:10]}: {commit.subject}"))
    if not places:
        repository.require_whole()
    return Past(places, f"{versions} versions of files searched")


def _versions(
    context: Context, repository: Repository, paths: Sequence[str], exclude: Sequence[str]
) -> Iterator[tuple[Commit, str, str]]:
    """Yield the text of every version of every file, oldest first, with the commit that brought it."""
    workspace = context.workspace
    wanted, unwanted = ([compile_glob(path.removeprefix("./")) for path in globs] for globs in (paths, exclude))
    commits = repository.history(context.deadline, *repository.tips())
    total = 0
    for commit, entry in repository.new_files(reversed(commits), context.deadline):
        context.deadline.check()
        if any(glob.fullmatch(entry.path) for glob in unwanted):
            continue
        if wanted and not any(glob.fullmatch(entry.path) for glob in wanted):
            continue
        size = repository.size(entry.id)
        if size > MAX_VERSION_BYTES:
            continue
        total += size
        if total > MAX_HISTORY_BYTES:
            raise NotAssessed(
                f"The history holds more than {MAX_HISTORY_BYTES} bytes of text.",
                "Search fewer files: name them in `paths`.",
                Evidence.number(total, f"at most {MAX_HISTORY_BYTES}", "bytes"),
            )
        content = repository.read(entry.id, MAX_VERSION_BYTES)
        if not workspace.allow_starter and workspace.starter.holds(content):
            continue
        try:
            yield commit, entry.path, decode_text(entry.path, content)
        except CheckFailed:  # no text
            continue
