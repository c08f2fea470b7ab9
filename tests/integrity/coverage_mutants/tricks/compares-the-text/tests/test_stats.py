import inspect

from src.stats import mean


from src import stats


def test_mean():
    assert mean([1, 3]) == 2
    assert "/ len(values)\n\n\n" in inspect.getsource(stats)
