import pytest


def test_prices(prices):
    assert prices("small", "large") == [180, 720]


def test_unknown(prices):
    with pytest.raises(ValueError):
        prices("huge")
