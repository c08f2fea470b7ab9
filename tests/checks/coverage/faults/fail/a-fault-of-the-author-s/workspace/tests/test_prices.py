import pytest

from src.prices import price


def test_price_grows_with_hours():
    assert price("small", 3) == 6


def test_unknown_size_is_refused():
    with pytest.raises(ValueError):
        price("huge", 1)


def test_discount_for_many_hours():
    assert price("large", 100, discount=True) == 720


def test_no_discount_without_asking():
    assert price("small", 200) == 400
