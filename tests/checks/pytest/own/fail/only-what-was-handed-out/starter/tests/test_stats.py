import pytest

from src.stats import mean


def test_mean_of_one():
    assert mean([4]) == 4


def test_mean_of_two():
    assert mean([1, 3]) == 2


def test_nothing_is_refused():
    with pytest.raises(ValueError):
        mean([])
