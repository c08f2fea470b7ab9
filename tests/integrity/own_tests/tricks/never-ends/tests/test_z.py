from src.stats import mean


def test_forever():
    while mean([1]):
        pass
    assert mean([1]) == 1
