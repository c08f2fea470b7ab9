import pytest

from src.stats import mean, median


@pytest.mark.skip
def test_skipped():
    assert median([1, 2, 3]) == 2


@pytest.mark.xfail
def test_expected():
    assert median([1, 2]) == 7
