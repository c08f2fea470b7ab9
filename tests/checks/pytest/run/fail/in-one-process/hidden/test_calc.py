"""Patches the learner's module and hands over a function, which no proxy could."""

import calc
import pytest


class TestMean:
    @pytest.mark.parametrize("count", [1, 2])
    def test_of_numbers(self, draw, count):
        numbers = [draw.randint(0, 9) for _ in range(count)]
        assert calc.mean(numbers) == sum(numbers) / count

    def test_of_nothing(self):
        with pytest.raises(ValueError):
            calc.mean([])


@pytest.mark.points(2)
def test_uses_its_counter(monkeypatch):
    """A tally uses Counter."""
    monkeypatch.setattr(calc, "Counter", lambda: {"red": 7})
    tally = calc.Tally()
    tally.see("red")
    assert tally.counts["red"] == 8
