"""How points are split: once, when a rubric is loaded, into hundredths."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor


def split_points(points: Decimal, weights: Sequence[Fraction]) -> tuple[Decimal, ...]:
    """Return the share of each weight in hundredths: the largest remainders win what is left, ties by order.

    The shares add up to `points` exactly, a weight of 0 has none, and a larger weight never has less than a
    smaller one. With no weight above 0 there is nobody to share, and all have none.
    """
    total = sum(weights, Fraction(0))
    if not total:
        return (Decimal("0.00"),) * len(weights)
    hundredths = int(points * 100)
    exact = [hundredths * weight / total for weight in weights]
    shares = [floor(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda place: shares[place] - exact[place])
    for place in by_remainder[: hundredths - sum(shares)]:
        shares[place] += 1
    return tuple(Decimal(share).scaleb(-2) for share in shares)
