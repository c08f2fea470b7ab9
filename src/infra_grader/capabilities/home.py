"""A folder of a running grader's own, and how one that a crash left behind is told.

A home is owned by whoever holds the lock in it. Locks end with their process, however it ends, so a home whose lock is
free was left by a crash: the next start removes it. Process numbers would not do, since they are used again and
mean nothing to a grader in another container that shares the folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

LOCK = "owner.lock"
NEW_S = 60.0
"""Seconds for which a home without a lock may be one that is just being made."""


class Home:
    """A folder of the grader's own, removed where it is closed; on Windows, nobody sees that a crash left it."""

    def __init__(self, prefix: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))
        self._lock = _locked_file(self.folder) if os.name == "posix" else None

    def close(self, *, keeps_folder: bool = False) -> None:
        """Remove the folder, then let go of it; one that is kept is as if it were left by a crash."""
        if not keeps_folder:
            remove(self.folder)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def open_home(prefix: str) -> Home:
    """Return a new home, after the removal of those of this prefix that crashed graders of this user left behind."""
    if os.name == "posix":
        for _ in sweep(prefix):
            pass
    return Home(prefix)


def sweep(prefix: str) -> Iterator[str]:
    """Remove the homes of this prefix that crashed graders of this user left behind, and yield their names."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        try:
            facts = folder.lstat()
        except FileNotFoundError:  # another grader was faster
            continue
        if facts.st_uid == os.getuid() and folder.is_dir() and not folder.is_symlink() and is_left(folder, facts):
            remove(folder)
            yield folder.name


def is_home(name: str) -> bool:
    """Whether a home of this name is there."""
    return Path(tempfile.gettempdir(), name).is_dir()


def is_left(folder: Path, facts: os.stat_result) -> bool:
    """Whether nobody holds the lock of a home, which then was left by a crash."""
    import fcntl

    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return time.time() - facts.st_mtime > NEW_S
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def remove(folder: Path) -> None:
    """Remove a folder with whatever a program left in it: any depth, and folders that it made unreadable."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):  # folders that are locked, or a chain of them that is too deep for Python
        if os.name != "posix":
            return
    else:
        return
    if os.geteuid() != 0:
        subprocess.run(["/bin/chmod", "-R", "u+rwX", folder], stderr=subprocess.DEVNULL, check=False)
    subprocess.run(["/bin/rm", "-rf", "--", folder], stderr=subprocess.DEVNULL, check=False)


def _locked_file(folder: Path) -> int:
    """Make the lock of a home, already locked when its name appears, and return its descriptor."""
    import fcntl

    lock = os.open(folder / "new.lock", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.rename(folder / "new.lock", folder / LOCK)
    return lock
