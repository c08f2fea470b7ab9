import pytest
from calc import Tally, mean


@pytest.mark.parametrize("count", [1, 2, 9])
def test_mean(draw, count):
    """The mean of some numbers."""
    numbers = [draw.randint(-100, 100) for _ in range(count)]
    assert mean(numbers) == pytest.approx(sum(numbers) / count)


def test_mean_of_nothing():
    """There is no mean of nothing."""
    with pytest.raises(ValueError):
        mean([])


def test_tally(draw):
    """A tally counts what it sees."""
    tally = Tally()
    for _ in range(draw.randint(2, 5)):
        tally.see("red")
    tally.see("blue")
    assert tally.most() == "red"
    assert tally.counts["blue"] == 1
