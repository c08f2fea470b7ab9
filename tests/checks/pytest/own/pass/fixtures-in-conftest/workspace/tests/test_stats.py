import pytest
from stats import mean


def test_values(values):
    assert mean(values) == 2


def test_values_with_an_outlier(values):
    assert mean([*values, 94]) == pytest.approx(25)
