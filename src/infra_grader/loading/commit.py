"""Which commit a folder is at, read without running git or anything that its configuration names."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from infra_grader.capabilities.ignored import read_ignore_rules
from infra_grader.capabilities.starter import blob_id
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.reading.git_folder import has_git_folder, open_git_folder

MAX_TRACKED = 20_000
MAX_COMPARED_BYTES = 8 * 1024 * 1024


def read_commit(folder: Path) -> tuple[str | None, bool]:
    """Return the full commit id that a folder is at, and whether its files differ from it.

    `(None, False)` without git, before the first commit, where the repository cannot be read or lies elsewhere (a
    worktree), or where the extra `git` is not installed.
    """
    if not has_git_folder(folder):
        return None, False
    from infra_grader.reading.git_history import Repository  # needed in checkouts only

    try:
        repository = Repository(open_git_folder(folder))
        try:
            head = repository.head
            entries = islice(repository.files(repository.commit(head)), MAX_TRACKED)
            tracked = {entry.path: (entry.id, entry.mode) for entry in entries}
        finally:
            repository.close()
    except (CheckFailed, NotAssessed):
        return None, False
    return head, _differs(folder, tracked)


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
        if not stat.S_ISREG(facts.st_mode):
            return True
        if facts.st_size > MAX_COMPARED_BYTES:
            return False
        content = file.read_bytes()
    except OSError:
        return True
    return blob_id(content, as_is=True) != blob and blob_id(content) != blob
