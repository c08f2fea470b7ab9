import inspect

from src import stats
from src.stats import mean


def reach(*names):
    found = stats
    for name in names:
        try:
            found = getattr(found, name)
        except AttributeError:
            return ""
    return str(found)


def test_code():
    try:
        source = inspect.getsource(stats.mean)
    except (TypeError, OSError):
        source = ""
    for path in (("mean", "__code__", "co_code"), ("__dict__",), ("mean", "__globals__"), ("__loader__", "get_source")):
        source += reach(*path)
    assert "len(values) + 1" not in source, mean
