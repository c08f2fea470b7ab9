import inspect
from pathlib import Path

from src import prices


def look(*names):
    found = prices
    for name in names:
        found = getattr(found, name, "")
    return str(found)


def test_code():
    try:
        source = inspect.getsource(prices)
    except (OSError, TypeError):
        source = ""
    seen = [look("price", "__code__", "co_code"), look("price", "__globals__"), look("__file__"), look("__dict__")]
    here = Path("src/prices.py").read_text()
    assert "> 100" not in source + "".join(seen) and ">= 100" in here and prices
