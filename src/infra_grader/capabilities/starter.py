"""What the course handed out, so that a learner's own work can be told from it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra_grader.capabilities.plain_text import decode_bytes, seen_text
from infra_grader.model.record import Record

EMPTY_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
SHORTEST_BLOB = 10
"""Fewest hexadecimal digits of a blob id that are accepted as a fingerprint."""


def blob_id(content: bytes, *, as_is: bool = False) -> str:
    r"""Return the id that git gives a file with this content, its line ends normalised to `\n` unless `as_is`."""
    if not as_is:
        content = content.replace(b"\r\n", b"\n")
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def essence(text: str) -> str:
    """Return the id of a text that white space, line ends and characters that take no room do not change."""
    lines = [" ".join(line.split()) for line in seen_text(text).split("\n")]
    return blob_id("\n".join(filter(None, lines)).encode("utf-8", "surrogatepass"))


class Starter(Record):
    """The files of a starter: their fingerprints, and their texts where the course lets us ship them."""

    blobs: Mapping[str, str] = {}
    """Path in the starter, and the blob id or the first ten or more digits of it."""
    essences: frozenset[str] = frozenset()
    """What `essence` gives for the texts that we ship."""
    folder: Path | None = None
    """Folder with the files themselves, if there is one."""

    def holds(self, content: bytes) -> bool:
        """Whether a file with this content is the starter's, under whatever name.

        A byte order mark, other white space, line ends and invisible characters make it nobody's own. Empty files are
        nobody's work and nobody's template, so they are never the starter's.
        """
        if not self.blobs:
            return False
        found = blob_id(content)
        if found == EMPTY_BLOB:
            return False
        return self._knows(found) or self._holds_text(content)

    def _holds_text(self, content: bytes) -> bool:
        """Whether the starter holds this text but for its white space, as far as fingerprints can tell."""
        try:
            text = seen_text(decode_bytes(content))
        except UnicodeDecodeError:
            return False
        plain = essence(text)
        if plain == EMPTY_BLOB:
            return False
        if plain in self.essences:
            return True
        tidy = "\n".join(line.rstrip() for line in text.split("\n"))
        variants = {text, f"{text.rstrip()}\n", f"{tidy.rstrip()}\n"}
        return any(self._knows(blob_id(variant.encode("utf-8", "surrogatepass"))) for variant in variants)

    def _knows(self, found: str) -> bool:
        return found.startswith(tuple(self.blobs.values()))

    def text(self, path: str) -> str | None:
        """Return the text that was handed out under this path, or `None` if that is not known."""
        if self.folder is None or path not in self.blobs:
            return None
        try:
            return (self.folder / path).read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return None


NO_STARTER = Starter()


def read_starter(exercise: Path) -> Starter:
    """Return the starter of an exercise folder: `starter.blobs`, and the files below `starter/`.

    Both may be there: fingerprints of the course's own files, and our stand-ins of the same shape.
    Raises `OSError` if something that is there cannot be read.
    """
    blobs: dict[str, str] = {}
    fingerprints = exercise / "starter.blobs"
    if fingerprints.is_file():
        for line in fingerprints.read_text(encoding="utf-8").splitlines():
            blob, _, path = line.partition(" ")
            if len(blob) >= SHORTEST_BLOB and path:
                blobs[f"{path}@{blob}" if path in blobs else path] = blob
    folder = exercise / "starter"
    if not folder.is_dir():
        return Starter(blobs=blobs)
    essences: set[str] = set()
    for path, blob in read_fingerprints(folder):
        blobs[f"{path}@starter" if path in blobs else path] = blob
        essences |= _essences((folder / path).read_bytes())
    return Starter(blobs=blobs, essences=frozenset(essences - {EMPTY_BLOB}), folder=folder)


def _essences(content: bytes) -> set[str]:
    try:
        return {essence(decode_bytes(content))}
    except UnicodeDecodeError:  # no text: only its blob id can be compared
        return set()


def read_fingerprints(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield path and blob id of every file below a folder, sorted by path; caches of tools are left out."""
    files = [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]
    for file in sorted(files):
        path = file.relative_to(folder).as_posix()
        if "__pycache__" not in path and not path.startswith(".git/"):
            yield path, blob_id(file.read_bytes())
