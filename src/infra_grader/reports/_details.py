"""What a check found, as lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.model.scorecard import CheckScore
from infra_grader.reports._text import block, is_block, place, prose, statement


def details(check: CheckScore) -> Iterator[str]:
    """Yield the evidence, what to do about it, and what would help; some of it has several lines."""
    for evidence in check.evidence:
        if text := ": ".join(part for part in (place(evidence), statement(evidence)) if part):
            yield text
        if is_block(evidence):
            yield block(evidence.text or "")
    if check.hint and not check.status.is_open and check.is_lost:
        yield f"What to do: {prose(check.hint)}"
    if check.remedy:
        yield f"What would help: {prose(check.remedy)}"
    if check.claimed:
        yield "Claimed: this rests on what the submission's own code says about itself."
