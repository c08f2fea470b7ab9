from src.prices import price


def test_price():
    assert price("small", 1) is not False
