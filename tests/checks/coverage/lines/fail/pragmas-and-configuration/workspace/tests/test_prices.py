from src.prices import price


def test_price_grows_with_hours():
    assert price("small", 3) == 6

