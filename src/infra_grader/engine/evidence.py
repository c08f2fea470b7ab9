"""Outcomes as they are recorded: sound, cut to a size, and with paths that are relative to the submission."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from infra_grader.model.outcome import ZERO, Evidence, EvidenceKind, ExcerptLine, Outcome, status_of

MAX_MESSAGE = 1000
MAX_VALUE = 1000
MAX_TEXT = 4000
MAX_EVIDENCE = 50
MAX_EXCERPT_LINES = 12
MAX_EXCERPT_WIDTH = 120


def sound(outcome: object) -> Outcome:
    """Return what a check kind gave back, every field of the type that it declares.

    Raises `TypeError` or `ValueError` where it is no outcome, or one that cannot be scored: its status and its fraction
    contradict each other, or its measure is no finite number.
    """
    if not isinstance(outcome, Outcome):
        raise TypeError(f"a check kind returns an Outcome, not {type(outcome).__name__}")
    checked = msgspec.convert(msgspec.to_builtins(outcome, enc_hook=str), Outcome, dec_hook=_made)
    fits = checked.fraction == ZERO if checked.status.is_open else checked.status is status_of(checked.fraction)
    if not fits:
        raise ValueError(f"the status {checked.status} does not go with the fraction {checked.fraction}")
    if checked.measure is not None and not math.isfinite(checked.measure.value):
        raise ValueError(f"{checked.measure.value} cannot be held against an award table")
    return checked


def _made(wanted: type, value: Any) -> Any:
    return wanted(value)


def bounded(outcome: Outcome) -> Outcome:
    """Return the outcome with every text cut to a stated length, and a note of how much was left out."""
    evidence = tuple(_bounded(piece) for piece in outcome.evidence[:MAX_EVIDENCE])
    left_out = len(outcome.evidence) - len(evidence)
    if left_out:
        evidence += (Evidence(text=f"{left_out} more places are left out."),)
    return outcome.replace(message=cut(outcome.message, MAX_MESSAGE), evidence=evidence)


def rooted(outcome: Outcome, root: str) -> Outcome:
    """Return the outcome with its files named relative to the submission, not to the root that holds the work."""
    if root == ".":
        return outcome
    return outcome.replace(evidence=tuple(_rooted(piece, root) for piece in outcome.evidence))


def _rooted(piece: Evidence, root: str) -> Evidence:
    if piece.kind is not EvidenceKind.FILE or piece.path is None:
        return piece
    return piece.replace(path=f"{root}/{piece.path}")


def cut(text: str, length: int) -> str:
    """Return the text, or its first part with a note of how many characters were left out."""
    if len(text) <= length:
        return text
    return f"{text[:length]}… ({len(text) - length} characters left out)"


def _bounded(piece: Evidence) -> Evidence:
    return piece.replace(
        path=None if piece.path is None else cut(piece.path, MAX_VALUE),
        expected=_value(piece.expected),
        actual=_value(piece.actual),
        text=None if piece.text is None else cut(piece.text, MAX_TEXT),
        excerpt=tuple(quoted(line) for line in piece.excerpt[:MAX_EXCERPT_LINES]),
    )


def quoted(line: ExcerptLine) -> ExcerptLine:
    """Return a line of an excerpt in a width that reports can show."""
    if len(line.text) <= MAX_EXCERPT_WIDTH:
        return line
    return line.replace(text=f"{line.text[: MAX_EXCERPT_WIDTH - 1]}…")


def _value(value: str | float | bool | None) -> str | int | float | bool | None:
    return cut(value, MAX_VALUE) if isinstance(value, str) else value
