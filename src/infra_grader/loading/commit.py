"""Which commit a folder is at, read without running git or anything that its configuration names."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dulwich.repo import Repo

from infra_grader.capabilities.ignored import read_ignore_rules
from infra_grader.capabilities.starter import blob_id

MAX_TRACKED = 20_000
MAX_COMPARED_BYTES = 8 * 1024 * 1024


def read_commit(folder: Path) -> tuple[str | None, bool]:
    """Return the full commit id that a folder is at, and whether its files differ from it.

    `(None, False)` without git, before the first commit, or where the extra `git` is not installed.
    """
    top = next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)
    if top is None:
        return None, False
    try:
        from dulwich.errors import NotGitRepository
        from dulwich.repo import Repo
    except ImportError:
        return None, False
    try:
        with Repo(str(top)) as repository:
            head = repository.head()
            tracked = _tracked(repository, folder.relative_to(top).as_posix())
    except (NotGitRepository, KeyError, ValueError, OSError, AssertionError):  # what dulwich raises for broken ones
        return None, False
    return head.decode(), _differs(folder, tracked)


def _tracked(repository: Repo, below: str) -> Mapping[str, tuple[str, int]]:
    """Return the blob id and mode of every file that the commit holds below a folder, by relative path."""
    from dulwich.object_store import iter_tree_contents
    from dulwich.objects import Commit

    commit = repository[repository.head()]
    if not isinstance(commit, Commit):
        raise ValueError("HEAD is no commit")  # noqa: TRY004 - a broken repository, like the others that are caught
    prefix = b"" if below == "." else below.encode("utf-8", "surrogateescape") + b"/"
    tracked: dict[str, tuple[str, int]] = {}
    for entry in iter_tree_contents(repository.object_store, commit.tree):
        if entry.path is None or entry.sha is None or entry.mode is None or not entry.path.startswith(prefix):
            continue
        tracked[os.fsdecode(entry.path[len(prefix) :])] = entry.sha.decode(), entry.mode
        if len(tracked) > MAX_TRACKED:
            break
    return tracked


def _differs(folder: Path, tracked: Mapping[str, tuple[str, int]]) -> bool:
    if any(_is_changed(folder / path, *entry) for path, entry in tracked.items()):
        return True
    here: list[str] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [
            name for name in folders if name != ".git" and not os.path.exists(os.path.join(parent, name, ".git"))
        ]
        here += [Path(parent, name).relative_to(folder).as_posix() for name in names]
        if len(here) > MAX_TRACKED:
            break
    rules = read_ignore_rules(folder, here)
    return any(path not in tracked and not rules.ignores(path) for path in here)


def _is_changed(file: Path, blob: str, mode: int) -> bool:
    try:
        facts = file.lstat()
        if stat.S_ISLNK(mode):
            return not file.is_symlink() or blob_id(os.fsencode(os.readlink(file))) != blob
        if not stat.S_ISREG(mode):  # a submodule
            return False
        if not stat.S_ISREG(facts.st_mode):
            return True
        if facts.st_size > MAX_COMPARED_BYTES:
            return False
        content = file.read_bytes()
    except OSError:
        return True
    return blob_id(content, as_is=True) != blob and blob_id(content) != blob
