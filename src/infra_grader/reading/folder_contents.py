"""What is in a folder, told by digests: two folders hold the same work where these are the same."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra_grader.capabilities.workspace import NOT_WORK

CHUNK = 1024 * 1024
DIGITS = 32
"""Hexadecimal digits of a digest that are kept."""


def contents(folder: Path) -> Mapping[str, str]:
    """Return a digest of each file in a folder, by its path with forward slashes, sorted; no link is followed.

    Left out is what tools make (`NOT_WORK`), `.git` too: which commit is there, git tells.
    A digest covers what a build can see of a file: bytes, whether it can be run, where a link leads. What cannot be
    read is told by its kind alone.
    """
    found = {os.path.relpath(path, folder): _digest(path) for path in _files(folder)}
    return {_text(path): found[path] for path in sorted(found)}


def digest_of(place: Path) -> str:
    """Return the digest of a file, or of everything in a folder."""
    if not place.is_dir():
        return _digest(os.fspath(place))
    listed = "\n".join(f"{path}\0{digest}" for path, digest in contents(place).items())
    return hashlib.sha256(listed.encode()).hexdigest()[:DIGITS]


def _files(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        folders[:] = [name for name in folders if name not in NOT_WORK]
        yield from (os.path.join(parent, name) for name in (*names, *links) if name not in NOT_WORK)


def _digest(path: str) -> str:
    try:
        facts = os.lstat(path)
        if stat.S_ISLNK(facts.st_mode):
            told = hashlib.sha256(b"link\0" + os.fsencode(os.readlink(path)))
        elif stat.S_ISREG(facts.st_mode):
            told = hashlib.sha256(b"program\0" if facts.st_mode & stat.S_IXUSR else b"file\0")
            with open(path, "rb") as file:
                while chunk := file.read(CHUNK):
                    told.update(chunk)
        else:
            return "neither a file nor a folder"
    except OSError:
        return "unreadable"
    return told.hexdigest()[:DIGITS]


def _text(path: str) -> str:
    """Return a path as text that can be written: bytes that are no UTF-8 become escapes."""
    return path.replace(os.sep, "/").encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
