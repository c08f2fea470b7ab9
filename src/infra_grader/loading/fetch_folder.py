"""A repository in a folder of this machine, looked at before git opens it: all of it must lie in that folder.

Git follows what leads out of a repository, so that a file or a link would hand in the work of somebody else.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from infra_grader.loading.fetch_outcome import FetchFailed

CLONE = "Hand in a clone with a .git folder of its own; worktrees and submodules are not graded as they lie."
BORROWED = "Run `git repack -a -d`, remove that file, and hand in again."
ELSEWHERE = {
    "commondir": CLONE,
    "objects/info/alternates": BORROWED,
    "objects/info/http-alternates": BORROWED,
}
"""Files that name another repository, each with what to do."""
OWN = ("HEAD", "packed-refs", "shallow", "objects", "refs", "reftable")
"""What says which commits there are, and holds them."""


def check_own_repository(folder: Path) -> None:
    """Raise `FetchFailed` unless the repository in a folder is all its own, and `OSError` where it cannot be read."""
    git_folder = folder / ".git"
    if not stat.S_ISDIR(git_folder.lstat().st_mode):
        raise FetchFailed("Its .git is no folder, but leads to a repository elsewhere.", CLONE)
    for name, remedy in ELSEWHERE.items():
        if os.path.lexists(git_folder / name):
            raise FetchFailed(f"Its .git/{name} leads to a repository elsewhere.", remedy)
    for place in _within(git_folder):
        mode = place.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            shown = place.relative_to(folder).as_posix()[:120]
            raise FetchFailed(f"Its {shown} is a link, or else neither a file nor a folder.", CLONE)


def _within(git_folder: Path) -> Iterator[Path]:
    """Yield what git reads of a repository's commits, in the order found; no link is followed."""
    for name in OWN:
        if not os.path.lexists(git_folder / name):
            continue
        yield git_folder / name
        for parent, folders, files in os.walk(git_folder / name, onerror=_raise):
            yield from (Path(parent, each) for each in (*folders, *files))


def _raise(error: OSError) -> None:
    if not isinstance(error, NotADirectoryError):  # a file
        raise error
