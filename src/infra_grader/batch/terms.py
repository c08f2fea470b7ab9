"""What a class is graded by, the same for everybody in one gradebook."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from infra_grader.api import GradeOptions
from infra_grader.loading.fetch_outcome import Extras
from infra_grader.model.rubric import Rubric

TERMS, SEED = "terms", "seed"
"""Facts of the journal: what the class is graded by, and where random inputs start."""


def terms_of(
    rubric: Rubric, options: GradeOptions, extras: Extras, seed: str, before: Mapping[str, str]
) -> Mapping[str, Any]:
    """Return what scores of one class must have in common, as plain data; its seed only where that has ever changed.

    `before` are the facts of the journal so far.
    """
    terms: dict[str, Any] = {
        "the rubric": rubric.sha256,
        "--only": sorted(options.only),
        "--unassessed": str(options.unassessed or ""),
        "--late": options.late,
    }
    terms |= {f"--{name}": True for name, is_asked in msgspec.structs.asdict(extras).items() if is_asked}
    kept = msgspec.json.decode(before[TERMS]).get("--seed", "") if TERMS in before else ""
    seeded = kept if before.get(SEED, seed) == seed else seed
    return {**terms, "--seed": seeded} if seeded else terms


def measure_of(rubric: Rubric, terms: Mapping[str, Any]) -> str:
    """Return a digest of what a class is graded by: the rubric's own, unless an option says more."""
    if not any(term for name, term in terms.items() if name != "the rubric"):
        return rubric.sha256
    return hashlib.sha256(msgspec.json.encode(terms)).hexdigest()


def seed_of(seed: str, learner: str) -> int:
    """Return where a learner's random inputs start: the same in every run, and none of another's business."""
    return int.from_bytes(hashlib.sha256(f"{seed}\0{learner}".encode()).digest()[:4])
