"""Whose a thing in Docker is: labels that name the grader that made it, and tell whether that one still runs."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from infra_grader.capabilities.docker import LABEL
from infra_grader.capabilities.home import is_left

HOME_LABEL = f"{LABEL}.home"
"""The label with the home of the grader that owns a thing; its lock tells whether that one lives."""
WHERE_LABEL = f"{LABEL}.where"
"""The label with what tells the folder around that from another of the same path, in another container."""
ORPHAN_S = 24 * 3600
"""Seconds after which a thing goes whose owner cannot be asked."""


def owner_labels(home: Path, purpose: str) -> dict[str, str]:
    """Return the labels of what the grader with this home makes, and what for."""
    return {LABEL: purpose, HOME_LABEL: os.fspath(home), WHERE_LABEL: _where(home.parent)}


def has_no_owner(labels: Mapping[str, str], created: float) -> bool:
    """Whether the grader that made a thing, at this second, has ended.

    Its home tells, by the lock in it; a home that is gone was left and swept, if it was where we would see it.
    """
    home = Path(labels.get(HOME_LABEL, ""))
    if not home.is_absolute() or _where(home.parent) != labels.get(WHERE_LABEL):
        return time.time() - created > ORPHAN_S
    try:
        return is_left(home, home.lstat())
    except FileNotFoundError:
        return True


def _where(folder: Path) -> str:
    try:
        facts = folder.stat()
    except OSError:
        return ""
    return f"{facts.st_dev}:{facts.st_ino}"
