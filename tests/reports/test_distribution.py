from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reports._distribution import TIMES_S, Bin, score_bins, spread, time_bins


def test_bins_reach_from_nothing_to_the_full_mark_and_hold_it():
    bins = score_bins([0, 59.99, 60, 100], [0, 1, 0, 0])

    assert [(found.start, found.end) for found in bins] == [(start, start + 5) for start in range(0, 100, 5)]
    assert (bins[0].final, bins[11].provisional, bins[12].final, bins[19].final) == (1, 1, 1, 1)


def test_a_bonus_has_bins_of_its_own():
    bins = score_bins([104, 110], [0, 0])

    assert bins[20] == Bin(start=100, end=105, final=1)
    assert bins[22] == Bin(start=110, end=115, final=1)


@given(st.lists(st.tuples(st.floats(0, 200), st.booleans())))
def test_every_score_is_in_one_bin(scores):
    bins = score_bins([score for score, _ in scores], [int(is_open) for _, is_open in scores])

    assert sum(found.final + found.provisional for found in bins) == len(scores)
    assert sum(found.provisional for found in bins) == sum(is_open for _, is_open in scores)


@given(st.lists(st.floats(0, 1e6)))
def test_every_time_is_in_one_bin(times):
    bins = time_bins(times)

    assert sum(found.final for found in bins) == len(times)
    assert all(bins[edge].final for edge in (0, -1)) if times else bins == []


def test_the_longest_times_have_no_upper_bound():
    assert time_bins([1e5]) == [Bin(start=TIMES_S[-1], end=None, final=1)]


def test_a_spread_says_what_is_in_the_middle():
    assert spread([]) is None
    assert spread([4]).median == 4
    found = spread([1, 2, 3, 4, 10])
    assert (found.lowest, found.lower, found.median, found.upper, found.highest, found.mean) == (1, 2, 3, 4, 10, 4)
