"""The Git history of a proof's submissions: the commits and tags that a file beside them says.

A submission of a proof is a plain folder, since a repository cannot lie in another one. Where its rubric looks at
tags or commits, `history.yaml` says which there are: in the exercise's folder for solution and flaws, and in a flaw's
for that one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from infra_grader.capabilities.home import open_home
from infra_grader.errors import UsageError
from infra_grader.reading.yaml import YamlError, read_document

if TYPE_CHECKING:
    from dulwich.objects import ObjectID

FILE = "history.yaml"
BRANCH = b"refs/heads/main"
AUTHOR = b"A Learner <learner@example.com>"
BEGAN = 1_767_600_000
"""When the first commit was made, in seconds: each next one is a day later, so that a history is always the same."""
DAY_S = 86_400
RUNNABLE, PLAIN, LINK = 0o100755, 0o100644, 0o120000
Files = dict[bytes, "tuple[ObjectID, int]"]
"""Ids and modes by path."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A commit: the submission's files, as they were then."""

    message: str
    files: dict[str, str] = {}
    """What is not as in the submission, as text by path."""
    tags: dict[str, str] = {}
    """Names of tags on it, with their messages."""


class History(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a `history.yaml` says: commits, the first one first."""

    commits: list[Step]


@contextmanager
def with_history(submission: Path, folder: Path) -> Iterator[Path]:
    """Yield a submission where it lies, or a copy of it with the history that a file in `folder` says.

    Raises `UsageError` as `read_history` does.
    """
    history = read_history(folder)
    if history is None:
        yield submission
        return
    with closing(open_home("infra-grader-history-")) as home:
        copy = shutil.copytree(submission, home.folder / "submission", symlinks=True)
        make_history(copy, history)
        yield copy


def read_history(folder: Path) -> History | None:
    """Return the history that the file in a folder says, or `None` without one. Raises `UsageError` for a wrong one."""
    file = folder / FILE
    try:
        return msgspec.convert(read_document(file.read_bytes()).data, History)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, YamlError, msgspec.ValidationError) as error:
        raise UsageError(
            f"{file} cannot be read: {error}", "It says `commits`, each with message, files and tags."
        ) from error


def make_history(folder: Path, history: History) -> None:
    """Make a repository of a folder, with these commits and tags; its files are left as they are.

    Without dulwich none is made: then no check reads one either.
    """
    try:
        from dulwich.repo import Repo
    except ImportError:
        return
    repository: Any = Repo.init(os.fspath(folder), default_branch=b"main")
    with closing(repository):
        files = _files(repository, folder)
        parents: list[ObjectID] = []
        for number, step in enumerate(history.commits):
            parents = [_commit(repository, files, step, parents, BEGAN + number * DAY_S)]
        if parents:
            repository.refs[BRANCH] = parents[0]


def _files(repository: Any, folder: Path) -> Files:
    """Store the files of a folder; return their ids and modes by path."""
    files: Files = {}
    for place in sorted(folder.rglob("*")):
        path = place.relative_to(folder)
        if path.parts[0] == ".git":
            continue
        if place.is_symlink():
            files[os.fsencode(path.as_posix())] = _blob(repository, os.fsencode(os.readlink(place))), LINK
        elif place.is_file():
            mode = RUNNABLE if os.access(place, os.X_OK) else PLAIN
            files[os.fsencode(path.as_posix())] = _blob(repository, place.read_bytes()), mode
    return files


def _blob(repository: Any, content: bytes) -> ObjectID:
    from dulwich.objects import Blob

    blob = Blob.from_string(content)
    repository.object_store.add_object(blob)
    return blob.id


def _commit(repository: Any, files: Files, step: Step, parents: list[ObjectID], when: int) -> ObjectID:
    """Store a commit and its tags, and return its id."""
    from dulwich.index import commit_tree
    from dulwich.objects import Commit, Tag

    changed = {path.encode(): (_blob(repository, text.encode()), PLAIN) for path, text in step.files.items()}
    then = {**files, **changed}
    commit = Commit()
    commit.tree = commit_tree(repository.object_store, [(path, *entry) for path, entry in then.items()])
    commit.parents = parents
    commit.author = commit.committer = AUTHOR
    commit.author_time = commit.commit_time = when
    commit.author_timezone = commit.commit_timezone = 0
    commit.message = f"{step.message}\n".encode()
    repository.object_store.add_object(commit)
    for name, message in step.tags.items():
        tag = Tag()
        tag.name, tag.message = name.encode(), f"{message}\n".encode()
        tag.object = (Commit, commit.id)
        tag.tagger, tag.tag_time, tag.tag_timezone = AUTHOR, when, 0
        repository.object_store.add_object(tag)
        repository.refs[b"refs/tags/" + name.encode()] = tag.id
    return commit.id
