"""Outcomes cut to a size that can be recorded and shown, whatever a submission contains."""

from __future__ import annotations

from dataclasses import replace

from infra_grader.model.outcome import Evidence, Outcome

MAX_MESSAGE = 1000
MAX_VALUE = 1000
MAX_TEXT = 4000
MAX_EVIDENCE = 50


def bounded(outcome: Outcome) -> Outcome:
    """Return the outcome with every text cut to a stated length, and a note of how much was left out."""
    evidence = tuple(_bounded(piece) for piece in outcome.evidence[:MAX_EVIDENCE])
    left_out = len(outcome.evidence) - len(evidence)
    if left_out:
        evidence += (Evidence(text=f"{left_out} more places are left out."),)
    return replace(outcome, message=cut(outcome.message, MAX_MESSAGE), evidence=evidence)


def cut(text: str, length: int) -> str:
    """Return the text, or its first part with a note of how many characters were left out."""
    if len(text) <= length:
        return text
    return f"{text[:length]}… ({len(text) - length} characters left out)"


def _bounded(piece: Evidence) -> Evidence:
    return replace(
        piece,
        path=None if piece.path is None else cut(piece.path, MAX_VALUE),
        expected=_value(piece.expected),
        actual=_value(piece.actual),
        text=None if piece.text is None else cut(piece.text, MAX_TEXT),
    )


def _value(value: str | float | None) -> str | int | float | None:
    return cut(value, MAX_VALUE) if isinstance(value, str) else value
