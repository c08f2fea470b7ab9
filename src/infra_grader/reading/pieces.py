"""A check that asks several things of the same files: each earns an equal share, and what is lost is said first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from infra_grader.model.outcome import Evidence, Outcome

MOST_SHOWN = 20


class Piece(NamedTuple):
    """One thing that is asked, and how far it is there."""

    share: Fraction
    """0 to 1."""
    lacking: str
    """What is lacking, as the end of a sentence; read only where the share is below 1."""
    evidence: tuple[Evidence, ...]


def whole(is_there: bool, lacking: str, *evidence: Evidence) -> Piece:
    """Return a piece that is there or not."""
    return Piece(Fraction(int(is_there)), lacking, evidence)


def counted(found: int, wanted: int, lacking: str, *evidence: Evidence) -> Piece:
    """Return a piece of which there should be so many; some of them earn their part."""
    return Piece(Fraction(min(found, wanted), wanted) if wanted > 0 else Fraction(1), lacking, evidence)


def scaled(is_there: bool, part: Fraction, lacking: str, *evidence: Evidence) -> Piece:
    """Return a piece that is there or not, worth no more than the part of the work that it is about."""
    return Piece(part if is_there else Fraction(0), lacking, evidence)


def judge(subject: str, pieces: Sequence[Piece], also: Iterable[Evidence] = ()) -> Outcome:
    """Return the outcome of all pieces; `subject` is what they are asked of, `also` is shown last."""
    done = sum(piece.share == 1 for piece in pieces)
    lost = [piece for piece in pieces if piece.share < 1]
    shown = [item for piece in (*lost, *(piece for piece in pieces if piece.share == 1)) for item in piece.evidence]
    if len(pieces) == 1:
        message = f"In {subject}, {lost[0].lacking}." if lost else f"{subject} has what is asked for."
    else:
        message = f"{subject} has {done} of the {len(pieces)} things asked for"
        message += f"; {lost[0].lacking}." if lost else "."
    return Outcome.partial(
        sum((piece.share for piece in pieces), Fraction(0)) / len(pieces), message, *shown[:MOST_SHOWN], *also
    )


def cut(evidence: Sequence[Evidence], most: int = 5) -> tuple[Evidence, ...]:
    """Return the first pieces of evidence: a learner who mends these runs the check again."""
    return tuple(evidence[:most])


def plural(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
