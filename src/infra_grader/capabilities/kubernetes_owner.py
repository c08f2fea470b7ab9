"""Whose a namespace of ours is: marks that name the grader that made it, and tell whether that one still runs."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from infra_grader.capabilities import docker_owner

DOMAIN = "infra-grader.io"
PURPOSE_LABEL = f"{DOMAIN}/purpose"
"""The label that everything of ours carries; its value says what for."""
RUN_LABEL = f"{DOMAIN}/run"
"""The label with the run that a thing belongs to."""
MACHINE = f"{DOMAIN}/machine"
"""The annotation with the machine on which the grader runs."""
ALIVE = f"{DOMAIN}/alive"
"""The annotation with the second of the last sign of life."""
SIGN_S = 60.0
"""Seconds between the signs of life of a grader."""
SILENT_S = 900.0
"""Seconds without a sign after which a grader on another machine has ended; clocks may differ by minutes."""


def marks(home: Path) -> dict[str, str]:
    """Return the annotations of what the grader with this home makes."""
    return {**docker_owner.owner_labels(home, "live"), MACHINE: machine(), ALIVE: now()}


def now() -> str:
    """Return the sign of life of this second."""
    return str(int(time.time()))


def has_no_owner(annotations: Mapping[str, str]) -> bool:
    """Whether the grader that made a thing has ended: on this machine the lock of its home tells, else its silence."""
    if annotations.get(MACHINE) == machine():
        return has_ended_here(annotations)
    said = annotations.get(ALIVE, "")
    return not said.isdecimal() or time.time() - int(said) > SILENT_S


def has_ended_here(annotations: Mapping[str, str]) -> bool:
    """Whether the grader that made a thing ran on this machine, and has ended."""
    said = annotations.get(ALIVE, "")
    is_here = annotations.get(MACHINE) == machine()
    return is_here and docker_owner.has_no_owner(annotations, float(said) if said.isdecimal() else 0.0)


@cache
def machine() -> str:
    """Return what tells this machine, since its start, from every other."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"{socket.gethostname()}-{uuid.getnode():x}"
