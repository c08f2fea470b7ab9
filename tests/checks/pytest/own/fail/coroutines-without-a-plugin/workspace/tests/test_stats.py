import pytest

from src.stats import mean


@pytest.mark.asyncio
async def test_mean_of_two():
    assert await mean([1, 3]) == 2
