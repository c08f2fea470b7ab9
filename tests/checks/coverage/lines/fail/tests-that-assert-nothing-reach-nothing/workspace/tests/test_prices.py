from src.prices import price


def test_price_grows_with_hours():
    assert price("small", 3) == 6


def test_everything():
    price("large", 200, discount=True)
    try:
        price("huge", 1)
    except ValueError:
        assert True
