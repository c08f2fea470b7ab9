from src.prices import price


def test_price():
    assert price("small", 3) == 6


def test_forever():
    while price("small", 1):
        pass
    assert price("small", 1) == 2
