from src.prices import RATES


def test_rates():
    assert RATES["small"] == 2
