import asyncio
import math
from datetime import date

import pytest
from shapes import area
from shapes.area import LIMITS, Colour, Corner, Square


def test_fixture(square):
    assert square.area == 9
    assert math.isclose(square.diagonal(), 18**0.5)
    square.side = 4
    assert square.area == 16


def test_constants():
    assert LIMITS == {"least": 0, "most": 10}
    assert sorted(LIMITS) == ["least", "most"]


def test_named_tuples():
    corner = area.corners(Square(2))[1]
    assert corner == (2, 0)
    assert corner.x == 2
    x, y = corner
    assert (x, y) == (2, 0)
    assert isinstance(corner, Corner)


def test_enumerations():
    assert [colour.name for colour in Colour] == ["RED", "BLUE"]
    assert Colour("red") is Colour.RED
    assert Colour.RED == "red"
    assert len(Colour) == 2


def test_generators_and_changed_arguments():
    assert list(area.doubled([1, 2])) == [2, 4]
    found = {"old": [1]}
    area.note(found, "new", [2])
    assert found == {"old": [1, 0], "new": [2]}


def test_comparison_and_operators():
    assert Square(1) < Square(2)
    assert Square(1) + Square(2) == Square(3)
    assert Square(1) != Square(2)
    assert f"{Square(1)}" == "a square of 1"
    assert date(2026, 3, 1) in area.days()


def test_coroutines():
    assert asyncio.run(area.measured(Square(5))) == 25
