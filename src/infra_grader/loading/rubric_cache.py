"""Rubrics as plain data, kept under the hash of their file, so that YAML is parsed once for each content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

VERSION = 1
"""Raised whenever the reading of YAML changes what it gives."""
DIGEST_BYTES = 32


def _entry(folder: Path, sha256: str) -> str:
    return os.path.join(folder, f"rubric-{VERSION}-{sha256}.msgpack")


def read_entry(folder: Path, sha256: str) -> dict[str, object] | None:
    """Return what is kept for a content hash; `None` if nothing is, or if it cannot be read or was damaged."""
    try:
        with open(_entry(folder, sha256), "rb") as file:
            content = file.read()
        digest, packed = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        if hashlib.sha256(packed).digest() != digest:
            return None
        return msgspec.msgpack.decode(packed, type=dict[str, object])
    except (OSError, ValueError, msgspec.DecodeError):
        return None


def write_entry(folder: Path, sha256: str, data: object) -> None:
    """Keep data under a content hash, whole or not at all; a folder that cannot be written is left alone."""
    packed = msgspec.msgpack.encode(data)
    entry = _entry(folder, sha256)
    draft = f"{entry}.{os.getpid()}.tmp"
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(draft, "wb") as file:
            file.write(hashlib.sha256(packed).digest() + packed)
        os.replace(draft, entry)
    except OSError:
        _remove(draft)


def _remove(draft: str) -> None:
    try:
        os.unlink(draft)
    except OSError:  # it was never made
        pass
