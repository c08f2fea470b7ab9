import pytest

from src.prices import Machine, total


@pytest.mark.parametrize("hours", [0, 3])
def test_total(hours):
    assert total([Machine("small", hours), Machine("large", hours)]) == 10 * hours
