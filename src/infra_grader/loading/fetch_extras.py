"""What a submission needs beside its own commit: submodules, and the files that LFS keeps elsewhere.

A learner says what these are, so none of our credentials is sent where a submodule says: it may name the private work
of somebody else. What cannot be had is told, and the rest is graded without it; only what may be there later is a
failure.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from infra_grader.capabilities.deadline import Overrun
from infra_grader.loading.fetch_git import Git
from infra_grader.loading.fetch_lfs import WITHOUT_SERVER, fetch_lfs, read_small, unfetched_lfs
from infra_grader.loading.fetch_outcome import MIB, Extras, Fetched, FetchFailed, TreeEntry
from infra_grader.loading.fetch_repository import Repository
from infra_grader.loading.submodule_address import BadAddress, public_address

PART = "infra-grader-part"
"""Folder inside `.git`, which is ours, where a submodule is fetched before it is put in its place."""
MODULES = ".gitmodules"
MODULES_BYTES = 64 * 1024
MOST = 20
"""Submodules of a submission, those inside others too."""
DEEPEST = 2
"""A submodule may have submodules; those may have none."""
SETTING = re.compile(r"submodule\.(.*)\.(path|url)", re.DOTALL)
PATH = re.compile(r"^\s*path\s*=\s*(\S.*?)\s*$", re.MULTILINE)
SHOWN = 100
PUBLIC = "Make it public on the server of your submission, or put its files into your own repository."


def fetch_extras(git: Git, fetched: Fetched, extras: Extras) -> tuple[str, ...]:
    """Fetch what was asked for into the folder of a repository that has just been fetched.

    All of it counts towards the limits of the submission, time included. Returns what could not be had and why, a
    text for each. Raises `FetchFailed` for what is ours to mend or may be there later, and `NotAssessed` for want of a
    library.
    """
    try:
        return tuple(_Fetching(git, extras).into(git, fetched))
    except Overrun as overrun:
        reason = f"Fetching it with its submodules and LFS files took more than {git.limits.seconds:g} s."
        raise FetchFailed(reason, "Fetch again later.", is_ours=True) from overrun


def unfetched_extras(folder: Path, extras: Extras) -> tuple[str, ...]:
    """Return what was asked for and a folder without a repository lacks, a text for each, as nobody can be asked.

    Raises `OSError` for what is wrong with this machine.
    """
    lfs = unfetched_lfs(folder) if extras.lfs else []
    submodules = _empty_submodules(folder) if extras.submodules else []
    return (*lfs, *(f"{_named(path)}: {WITHOUT_SERVER}" for path in submodules))


class _Fetching:
    """One submission's fetching, with what is left of its limits."""

    def __init__(self, git: Git, extras: Extras) -> None:
        self._extras = extras
        self._limits = git.limits
        self._left = MOST

    def into(self, git: Git, fetched: Fetched, inside: str = "", deep: int = 0) -> Iterator[str]:
        """Fetch what a repository needs; `inside` is its place in the submission. Yields what could not be had."""
        self._count(git, fetched)
        if self._extras.lfs:
            size, notices = fetch_lfs(git, fetched.tree, self._limits.tree_bytes)
            self._limits = self._limits.replace(tree_bytes=self._limits.tree_bytes - size)
            yield from (f"{_named(inside)}: {notice}" if inside else notice for notice in notices)
        wanted = [entry for entry in fetched.tree if entry.is_submodule] if self._extras.submodules else []
        addresses = _addresses(git) if wanted else {}
        for number, entry in enumerate(wanted):
            if not self._left:
                yield f"{len(wanted) - number} more submodules: at most {MOST} of a submission are fetched."
                return
            self._left -= 1
            place = f"{inside}{entry.path}"
            try:
                yield from self._submodule(git, entry, addresses.get(entry.path, ""), place, deep + 1)
            except FetchFailed as failed:
                said = f"{_named(place)}: {failed.reason}"
                if failed.is_ours:
                    raise FetchFailed(said, failed.remedy, is_ours=True) from failed
                yield f"{said} {failed.remedy}".strip()

    def _submodule(self, git: Git, entry: TreeEntry, address: str, place: str, deep: int) -> Iterator[str]:
        if deep > DEEPEST:
            raise FetchFailed("It lies in a submodule of a submodule.", "Put it into your own repository.")
        if not address:
            raise FetchFailed(f"{MODULES} names no address for it.", f"Commit {MODULES}, with its path and url.")
        try:
            source = public_address(address, git.source)
        except BadAddress as bad:
            raise FetchFailed(str(bad), PUBLIC) from bad
        target = _empty_folder(git.folder, entry.path)
        if self._limits.pack_bytes < MIB:
            raise FetchFailed(
                "The submission is too large to fetch more of it.", "Remove large files from its history."
            )
        part = git.folder / ".git" / PART
        inner = git.beside(source, part, self._limits, logs_in=False)
        try:
            fetched = Repository(inner).fetch(entry.id)
            if fetched.commit != entry.id:
                raise FetchFailed(f"{entry.id} is no commit.", "Commit the submodule at a commit of it.")
            yield from self.into(inner, fetched, f"{place}/", deep)
            shutil.rmtree(part / ".git")
            target.rmdir()
            part.rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _count(self, git: Git, fetched: Fetched) -> None:
        """Take what a repository holds from what is left."""
        self._limits = self._limits.replace(
            pack_bytes=max(0, self._limits.pack_bytes - _size(git.folder / ".git")),
            tree_bytes=max(0, self._limits.tree_bytes - sum(entry.size for entry in fetched.tree)),
            files=max(0, self._limits.files - len(fetched.tree)),
        )


def _addresses(git: Git) -> Mapping[str, str]:
    """Return what `.gitmodules` says of where submodules are, by their paths; nothing of it is done."""
    ended = git.run("config", "--no-includes", "--blob", f"HEAD:{MODULES}", "--null", "--list")
    if ended.exit_status:  # there is none, or it is not written as git reads it
        return {}
    found: dict[str, dict[str, str]] = {}
    for entry in ended.stdout.split("\0"):
        key, _, value = entry.partition("\n")
        if match := SETTING.fullmatch(key):
            found.setdefault(match[1], {})[match[2]] = value
    return {texts["path"]: texts.get("url", "") for texts in found.values() if "path" in texts}


def _empty_submodules(folder: Path) -> Iterator[str]:
    """Yield the folders that `.gitmodules` names and that hold nothing."""
    for path in dict.fromkeys(PATH.findall(read_small(folder, MODULES, MODULES_BYTES).decode(errors="replace"))):
        with suppress(FetchFailed):  # it is no folder, or has its files
            _empty_folder(folder, path)
            yield path


def _empty_folder(folder: Path, path: str) -> Path:
    """Return the folder that git has made for a submodule. Raises `FetchFailed` where something else is there."""
    place = folder
    parts = PurePosixPath(path).parts
    for part in parts:
        place /= part
        if part in ("..", "/") or part.lower() == ".git" or not _is_folder(place):
            raise FetchFailed("Something else has its place.", "Commit it as a submodule with a folder of its own.")
    if not parts or os.listdir(place):
        raise FetchFailed("Its folder holds something else.", "Commit it as a submodule with a folder of its own.")
    return place


def _is_folder(place: Path) -> bool:
    try:
        return stat.S_ISDIR(place.lstat().st_mode)
    except (OSError, ValueError):
        return False


def _size(folder: Path) -> int:
    """Return how many bytes the files in a folder hold."""
    return sum(os.lstat(os.path.join(parent, name)).st_size for parent, _, names in os.walk(folder) for name in names)


def _named(place: str) -> str:
    return f"Submodule {place.rstrip('/')[:SHOWN]}"
