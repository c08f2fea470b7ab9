from src.stats import mean


def test_large_numbers():
    assert mean([10**6, 10**6 + 2]) == 10**6 + 1
