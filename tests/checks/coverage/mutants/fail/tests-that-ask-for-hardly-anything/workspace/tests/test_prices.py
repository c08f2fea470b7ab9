from src.prices import price


def test_price_is_something():
    assert price("small", 3) is not None


def test_discount_is_something():
    assert price("large", 300, discount=True) is not None
