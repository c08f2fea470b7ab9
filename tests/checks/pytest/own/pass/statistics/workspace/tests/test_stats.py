"""The statistics, held against values worked out by hand."""

import pytest

from src.stats import mean


@pytest.mark.parametrize(("values", "expected"), [([2], 2), ([1, 2, 6], 3)])
def test_mean_of_some_values(values, expected):
    assert mean(values) == expected


def test_mean_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no values"):
        mean([])


def test_order_does_not_matter():
    assert mean([1, 2, 9]) == mean([9, 1, 2])
