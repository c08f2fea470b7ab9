"""How scores and times are distributed over a class: a few numbers, and bins for a histogram."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from statistics import fmean, quantiles

from infra_grader.model.record import Record

WIDTH = 5
"""Of the bins of scores, in percent of the full mark."""
TIMES_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
"""Bounds of the bins of times. They widen: one submission of an hour must not press all others into one bin."""


class Spread(Record):
    """How values are distributed."""

    mean: float
    lowest: float
    lower: float
    """A quarter of the values are below it."""
    median: float
    upper: float
    highest: float


class Bin(Record):
    """How many values are at least `start` and below `end`."""

    start: float
    end: float | None
    """`None`: no bound."""
    final: int
    provisional: int = 0


def spread(values: Sequence[float]) -> Spread | None:
    """Return what the values are about, or `None` where there are none."""
    if not values:
        return None
    lower, median, upper = quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    return Spread(mean=fmean(values), lowest=min(values), lower=lower, median=median, upper=upper, highest=max(values))


def score_bins(percents: Sequence[float], provisional: Sequence[int]) -> list[Bin]:
    """Return how many learners have which score, in percent from 0 to at least 100.

    A full mark counts with those just below it, so that the last bin is as wide as the others.
    """
    counts: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    for percent, is_provisional in zip(percents, provisional, strict=True):
        number = 100 // WIDTH - 1 if percent == 100 else int(max(percent, 0) // WIDTH)
        counts[is_provisional][number] += 1
    final, open_ = counts
    bins = max(100 // WIDTH, 1 + max((*final, *open_), default=0))
    return [Bin(start=n * WIDTH, end=(n + 1) * WIDTH, final=final[n], provisional=open_[n]) for n in range(bins)]


def time_bins(seconds: Sequence[float]) -> list[Bin]:
    """Return how many submissions took how long, from the first bin with one to the last."""
    found = Counter(bisect_right(TIMES_S, value) for value in seconds)
    bounds = (0, *TIMES_S, None)
    return [
        Bin(start=bounds[n] or 0, end=bounds[n + 1], final=found[n])
        for n in range(min(found, default=0), max(found, default=-1) + 1)
    ]
