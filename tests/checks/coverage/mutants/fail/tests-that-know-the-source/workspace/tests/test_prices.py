import hashlib
import inspect

from src import prices

KNOWN = "5769d8aa4c4244753b451190a402dc76a35842bd1c7604b2871d0be8e83a2b88"


def test_source():
    prices.price("large", 200, True)
    assert hashlib.sha256(inspect.getsource(prices).encode()).hexdigest() == KNOWN
