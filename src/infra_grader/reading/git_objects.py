"""The objects of a Git repository, by their ids; nothing is inflated before its size is known."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed

MAX_OBJECT_BYTES = 32 * 1024 * 1024
MAX_CHAIN = 4096
"""Steps of a chain of deltas; git itself makes none longer than this by default limits."""
HEADER_BYTES = 64
COMMIT, TREE, BLOB, TAG, OFS_DELTA, REF_DELTA = 1, 2, 3, 4, 6, 7
TYPES = {b"commit": COMMIT, b"tree": TREE, b"blob": BLOB, b"tag": TAG}

BROKEN = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, TypeError, ValueError)
"""What reading a broken or hostile object can raise, in us and in dulwich, beside the errors of zlib and struct."""

Made = TypeVar("Made")


def guarded(what: str, read: Callable[[], Made]) -> Made:
    """Return what `read` gives. Raises `CheckFailed` where an object is broken, in whatever way dulwich says so."""
    from dulwich.errors import ChecksumMismatch, ObjectFormatException

    try:
        return read()
    except (*BROKEN, ChecksumMismatch, ObjectFormatException, zlib.error, struct.error) as error:
        raise CheckFailed(
            f"The Git repository is broken: {what} cannot be read.",
            Evidence(path=".git", expected="an object that can be read", actual=f"{what}: {error}"),
        ) from error


class GitObjects:
    """Reads objects from the loose files and the packs of one repository."""

    def __init__(self, folder: Path, *, is_partial: bool) -> None:
        self._folder = folder
        self._is_partial = is_partial
        self._store: Any = None
        self._files: dict[str, IO[bytes]] = {}

    def close(self) -> None:
        """Close the files of packs."""
        if self._store is not None:
            self._store.close()
        for file in self._files.values():
            file.close()

    def read(self, object_id: str, limit: int = MAX_OBJECT_BYTES) -> tuple[int, bytes]:
        """Return the type and the content of an object. Raises `CheckFailed` if it is missing, broken or too large."""
        if (size := self.size(object_id, limit)) > limit:
            raise CheckFailed(
                f"Git object {object_id[:10]} is too large to be read: {size} bytes.",
                Evidence.number(size, f"at most {limit}", "bytes"),
            )
        loose = self._loose(object_id, limit + HEADER_BYTES)
        if loose is not None:
            return loose

        def unpack() -> tuple[int, bytes]:
            kind, content = self._pack_of(object_id)[0].get_raw(object_id.encode())
            return int(kind), bytes(content)

        return guarded(f"object {object_id[:10]}", unpack)

    def size(self, object_id: str, limit: int = MAX_OBJECT_BYTES) -> int:
        """Return the size of an object, inflating no more than its head.

        For one that is stored as a chain of deltas of which a step is larger than `limit`, that step's size.
        """
        head = self._loose_head(object_id)
        if head is not None:
            return head[1]

        def read() -> int:
            pack, offset = self._pack_of(object_id)
            return self._packed_size(pack, offset, limit)

        return guarded(f"object {object_id[:10]}", read)

    def _loose_file(self, object_id: str) -> Path:
        return self._folder / "objects" / object_id[:2] / object_id[2:]

    def _loose_head(self, object_id: str) -> tuple[int, int] | None:
        """Return type and size as a loose file states them, or `None` if there is no such file."""
        try:
            with self._loose_file(object_id).open("rb") as file:
                start = file.read(HEADER_BYTES * 4)
        except FileNotFoundError:
            return None
        return guarded(
            f"object {object_id[:10]}", lambda: _split_head(zlib.decompressobj().decompress(start, HEADER_BYTES))[:2]
        )

    def _loose(self, object_id: str, limit: int) -> tuple[int, bytes] | None:
        try:
            content = self._loose_file(object_id).read_bytes()
        except FileNotFoundError:
            return None

        def inflate() -> tuple[int, bytes]:
            kind, size, body = _split_head(zlib.decompressobj().decompress(content, limit))
            if len(body) != size:
                raise ValueError(f"it holds {len(body)} bytes, not the {size} that it states")
            return kind, body

        return guarded(f"object {object_id[:10]}", inflate)

    def _pack_of(self, object_id: str) -> tuple[Any, int]:
        """Return the pack that holds an object, and where. Raises a verdict if none does."""
        if self._store is None:
            from dulwich.object_store import DiskObjectStore

            self._store = DiskObjectStore(os.fspath(self._folder / "objects"))
        for pack in self._store.packs:
            try:
                return pack, pack.index.object_offset(object_id.encode())
            except KeyError:
                continue
        if self._is_partial:
            raise NotAssessed(
                "The repository is a partial clone: some of its history was not fetched.",
                "Clone it without --filter, then grade again.",
                Evidence(path=".git", actual=f"object {object_id[:10]} is missing"),
            )
        raise LookupError(f"{object_id} is missing")

    def _packed_size(self, pack: Any, offset: int, limit: int) -> int:
        """Return the size of an object at a place in a pack, or that of the first step of its chain above the limit."""
        path = os.fspath(pack.data.path)
        file = self._files.get(path) or self._files.setdefault(path, open(path, "rb"))  # noqa: SIM115 - see close
        result: int | None = None
        for _ in range(MAX_CHAIN):
            file.seek(offset)
            head = file.read(HEADER_BYTES * 64)
            kind, size, at = _packed_head(head)
            if kind not in (OFS_DELTA, REF_DELTA):
                return size if result is None or size > limit else result
            if kind == OFS_DELTA:
                distance, at = _offset(head, at)
                base = offset - distance
            else:
                base = pack.index.object_offset(head[at : at + 20])
                at += 20
            target = _delta_target(zlib.decompressobj().decompress(head[at:], HEADER_BYTES))
            result = target if result is None else result
            if max(size, target) > limit or base == offset:
                return max(size, target)
            offset = base
        raise ValueError("its chain of deltas does not end")


def _split_head(content: bytes) -> tuple[int, int, bytes]:
    """Return type, size and body of a loose object: `blob 12`, a NUL byte, the body."""
    head, _, body = content.partition(b"\0")
    kind, _, size = head.partition(b" ")
    return TYPES[kind], int(size), body


def _packed_head(content: bytes) -> tuple[int, int, int]:
    """Return the type and size of a packed object, and where its head ends."""
    kind, size, shift, at = content[0] >> 4 & 7, content[0] & 15, 4, 1
    while content[at - 1] & 128:
        size |= (content[at] & 127) << shift
        shift, at = shift + 7, at + 1
    return kind, size, at


def _offset(content: bytes, at: int) -> tuple[int, int]:
    """Return how far before a delta its base lies, and where that number ends."""
    distance = content[at] & 127
    while content[at] & 128:
        at += 1
        distance = ((distance + 1) << 7) | (content[at] & 127)
    return distance, at + 1


def _delta_target(content: bytes) -> int:
    """Return the size of what a delta makes: the second of the two numbers that it begins with."""
    numbers: list[int] = []
    at = 0
    while len(numbers) < 2:
        number, shift = content[at] & 127, 7
        while content[at] & 128:
            at += 1
            number |= (content[at] & 127) << shift
            shift += 7
        numbers.append(number)
        at += 1
    return numbers[1]
