from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from infra_grader.loading.points import split_points

POINTS = st.integers(0, 1_000_000_00).map(lambda hundredths: Decimal(hundredths).scaleb(-2))
WEIGHTS = st.lists(st.fractions(0, 1_000_000, max_denominator=1000), min_size=1, max_size=30)


def split(points: str, *weights: int | str) -> list[str]:
    return [str(share) for share in split_points(Decimal(points), [Fraction(weight) for weight in weights])]


def test_even_weights_leave_the_odd_hundredth_to_the_first():
    assert split("10", 1, 1, 1) == ["3.34", "3.33", "3.33"]
    assert split("0.02", 1, 1, 1) == ["0.01", "0.01", "0.00"]


def test_the_largest_remainder_wins_what_is_left():
    assert split("1", 1, 2, 3) == ["0.17", "0.33", "0.50"]
    assert split("1", "0.7", "2.2", "0.1") == ["0.24", "0.73", "0.03"]


def test_weight_0_has_no_points_and_only_zeros_share_nothing():
    assert split("5", 0, 2, 0) == ["0.00", "5.00", "0.00"]
    assert split("5", 0, 0) == ["0.00", "0.00"]
    assert split("5") == []


@given(POINTS, WEIGHTS)
def test_shares_add_up_exactly(points, weights):
    shares = split_points(points, weights)
    assert sum(shares) == (points if any(weights) else 0)
    assert all(share == round(share, 2) for share in shares)


@given(POINTS, WEIGHTS)
def test_a_larger_weight_never_has_less(points, weights):
    by_weight = sorted(zip(weights, split_points(points, weights), strict=True))
    for (lighter, less), (heavier, more) in pairwise(by_weight):
        assert less <= more or lighter == heavier
    assert all(share == 0 for weight, share in by_weight if weight == 0)


@given(POINTS, WEIGHTS, st.integers(1, 1000))
def test_only_proportions_matter(points, weights, factor):
    assert split_points(points, weights) == split_points(points, [weight * factor for weight in weights])
