"""Accepted rubrics, kept under the hash of their file, so that each content is parsed and held to the rules once.

Parameters are kept as plain data: each load hands them to the kind's own model again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import Any

import msgspec

from infra_grader import __version__
from infra_grader.errors import PluginError
from infra_grader.model.rubric import CheckSpec, Rubric
from infra_grader.plugin import CheckKind

DIGEST_BYTES = 32
PREFIX = "rubric-"
KEPT = 64
"""Rubrics that are kept at the most, the newest of whatever version; one that was dropped is parsed again."""

FindKind = Callable[[str], CheckKind]
Choose = Callable[[Rubric], Container[str]]
"""Tells the ids of those checks of a rubric that are going to be asked."""


class _Stale(Exception):
    """A kept rubric asks for something that its check kinds no longer accept."""


def read_rubric(folder: Path, sha256: str, find_kind: FindKind, choose: Choose | None = None) -> Rubric | None:
    """Return the rubric that is kept for a content hash.

    `None` if there is none, if it cannot be read or was damaged, or if its check kinds have changed since. Kinds of
    checks that are not chosen are not loaded: the parameters of these stay plain data.
    """
    try:
        with open(_entry(folder, sha256), "rb") as file:
            content = file.read()
        digest, packed = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        if hashlib.sha256(packed).digest() != digest:
            return None
        kept = msgspec.msgpack.decode(packed, type=Rubric, dec_hook=_decode)
        return _asked(kept, find_kind, choose(kept) if choose else kept.checks_by_id())
    except (OSError, ValueError, ArithmeticError, msgspec.DecodeError, PluginError, _Stale):
        return None


def write_rubric(folder: Path, sha256: str, rubric: Rubric) -> None:
    """Keep a rubric under its content hash, whole or not at all; a folder that cannot be written is left alone."""
    packed = msgspec.msgpack.encode(rubric.replace(source="", folder=Path()), enc_hook=str)
    entry = _entry(folder, sha256)
    draft = f"{entry}.{os.getpid()}.tmp"
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(draft, "wb") as file:
            file.write(hashlib.sha256(packed).digest() + packed)
        os.replace(draft, entry)
        _forget_oldest(folder)
    except OSError:
        _remove(draft)


def _forget_oldest(folder: Path) -> None:
    """Remove what is too much: rubrics that have changed since, and drafts of a run that was killed."""
    with os.scandir(folder) as entries:
        ages = sorted((entry.stat().st_mtime_ns, entry.path) for entry in entries if entry.name.startswith(PREFIX))
    for _, path in ages[:-KEPT]:
        _remove(path)


def _asked(kept: Rubric, find_kind: FindKind, chosen: Container[str]) -> Rubric:
    """Return a kept rubric with the parameters of the chosen checks made anew, each by the model of its kind."""

    def made(checks: Iterable[CheckSpec]) -> tuple[CheckSpec, ...]:
        return tuple(
            _with_parameters(check, find_kind(check.uses)) if check.id in chosen else check for check in checks
        )

    return kept.replace(
        criteria=tuple(criterion.replace(checks=made(criterion.checks)) for criterion in kept.criteria),
        bonus=kept.bonus and kept.bonus.replace(checks=made(kept.bonus.checks)),
        penalties=made(kept.penalties),
    )


def _with_parameters(check: CheckSpec, kind: CheckKind) -> CheckSpec:
    if check.award and not kind.measure:
        raise _Stale
    return check.replace(params=msgspec.convert(check.params, kind.params))


def _decode(wanted: type, value: Any) -> Any:
    return value if wanted is object else wanted(value)


def _entry(folder: Path, sha256: str) -> str:
    return os.path.join(folder, f"{PREFIX}{__version__}-{_code()}-{sha256}.msgpack")


def _code() -> str:
    """Return what changes with the code that accepts rubrics: another one may see another rubric in the same file."""
    with os.scandir(os.path.dirname(__file__)) as entries:
        newest = max(entry.stat().st_mtime_ns for entry in entries if entry.name.endswith(".py"))
    return f"{newest:x}"


def _remove(draft: str) -> None:
    try:
        os.unlink(draft)
    except OSError:  # it was never made, or another run was faster
        pass
