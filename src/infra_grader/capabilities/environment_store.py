"""Environments that were made before, by what they hold: each is made once, used by many, and forgotten when unused.

An entry is a folder named by its key, with `packages/`, which sandboxes mount, and `facts.json`, which is written last:
without it the entry is not finished and is made anew. Whoever makes an entry holds its lock alone, whoever uses it
shares it; locks end with their process, however it ends.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from infra_grader.capabilities.deadline import Deadline
from infra_grader.model.outcome import NotAssessed

FACTS = "facts.json"
PACKAGES = "packages"
MAX_ENTRIES = 50
MAX_BYTES = 20 * 1024**3
WAIT_S = 0.1


class Entry(NamedTuple):
    """An environment that is finished and held: it stays until it is released."""

    folder: Path
    """The folder to mount."""
    facts: Mapping[str, Any]
    """What its maker said of it."""
    release: Callable[[], None]
    is_new: bool


class Store:
    """The environments below a folder of ours."""

    def __init__(self, folder: Path, *, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._max_entries = max_entries
        self._max_bytes = max_bytes

    def hold(self, key: str, make: Callable[[Path], Mapping[str, Any]], deadline: Deadline) -> Entry:
        """Return the environment of a key; `make` fills its folder and returns the facts if there is none.

        It is made by one grader at a time. What `make` raises is passed on, and nothing stays of what it began.
        Raises `Overrun` when the deadline passes while another grader makes it, `NotAssessed` if the disk refuses.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            is_new = False
            while True:
                lock = self._locked(key, deadline, is_shared=True)
                if (facts := self._facts(key)) is not None:
                    os.utime(self._folder / key / FACTS)
                    return Entry(self._folder / key / PACKAGES, facts, partial(os.close, lock), is_new)
                os.close(lock)
                is_new = self._fill(key, make, deadline) or is_new
        except OSError as error:
            reason = f"An environment cannot be kept: {error.strerror or error}."
            raise NotAssessed(reason, f"Make room, or make {self._folder} writable, then grade again.") from error

    def _fill(self, key: str, make: Callable[[Path], Mapping[str, Any]], deadline: Deadline) -> bool:
        """Make an entry, unless somebody else was faster; returns whether it was made here."""
        lock = self._locked(key, deadline, is_shared=False)
        place = self._folder / key
        try:
            if self._facts(key) is not None:
                return False
            with ExitStack() as undo:
                undo.callback(remove, place)
                remove(place)
                (place / PACKAGES).mkdir(parents=True)
                os.chmod(place / PACKAGES, 0o755)  # noqa: S103 - whatever the umask: users inside are not ours
                facts = make(place / PACKAGES)
                draft = place / "draft.json"
                draft.write_text(json.dumps({**facts, "bytes": size_of(place)}), encoding="utf-8")
                draft.replace(place / FACTS)
                undo.pop_all()
        finally:
            os.close(lock)
        self._prune(key)
        return True

    def _facts(self, key: str) -> Mapping[str, Any] | None:
        try:
            found = json.loads((self._folder / key / FACTS).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) and (self._folder / key / PACKAGES).is_dir() else None

    def _locked(self, key: str, deadline: Deadline, *, is_shared: bool) -> int:
        """Return the descriptor of an entry's lock, when it is ours."""
        while True:
            with suppress(BlockingIOError):
                return self._try_lock(key, is_shared=is_shared)
            deadline.check()
            time.sleep(min(WAIT_S, deadline.remaining()))

    def _try_lock(self, key: str, *, is_shared: bool) -> int:
        """Return the descriptor of an entry's lock. Raises `BlockingIOError` if somebody else has it."""
        import fcntl  # not on Windows, where no sandbox is either

        name = self._folder / f"{key}.lock"
        lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise
        if _is_at(name, lock):
            return lock
        os.close(lock)  # it was pruned in between, and another one may have its name
        raise BlockingIOError

    def _prune(self, newest: str) -> None:
        """Forget the entries that were not used for longest, beyond what may be kept; those in use stay."""
        entries = sorted(self._entries(), reverse=True)
        count = total = 0
        for _, key, size in entries:
            count += 1
            total += size
            if key != newest and (count > self._max_entries or total > self._max_bytes) and self._forget(key):
                count -= 1
                total -= size

    def _entries(self) -> Iterator[tuple[float, str, int]]:
        """Yield when each entry was used last, its key and its size; one that was not finished counts as unused."""
        for place in self._folder.iterdir():
            if not place.is_dir():
                continue
            facts = self._facts(place.name) or {}
            with suppress(FileNotFoundError):
                used = (place / FACTS).stat().st_mtime if facts else 0.0
                size = facts.get("bytes")
                # An unfinished one is of no use: it is as large as it takes to be forgotten.
                yield used, place.name, size if isinstance(size, int) else self._max_bytes + 1

    def _forget(self, key: str) -> bool:
        try:
            lock = self._try_lock(key, is_shared=False)
        except BlockingIOError:
            return False
        try:
            remove(self._folder / key)
            (self._folder / f"{key}.lock").unlink(missing_ok=True)
        finally:
            os.close(lock)
        return True


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Let a program of the sandbox fill a folder; in the end it is ours again, and nobody may write there."""
    try:
        yield
    finally:
        _seal(folder)


def _seal(folder: Path) -> None:
    owner = os.geteuid()
    for place, _, names in os.walk(folder):
        for path in (Path(place), *(Path(place, name) for name in names)):
            facts = path.lstat()
            if facts.st_uid != owner and owner == 0:
                os.chown(path, owner, os.getegid(), follow_symlinks=False)
            if not path.is_symlink() and owner in (0, facts.st_uid):
                mode = 0o555 if path.is_dir() or facts.st_mode & 0o100 else 0o444
                os.chmod(path, mode)


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def remove(folder: Path) -> None:
    """Remove a folder that nobody may write to."""
    if not folder.exists():
        return
    if os.geteuid() != 0:
        subprocess.run(["/bin/chmod", "-R", "u+rwX", folder], stderr=subprocess.DEVNULL, check=False)
    shutil.rmtree(folder)


def _is_at(name: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(name.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
