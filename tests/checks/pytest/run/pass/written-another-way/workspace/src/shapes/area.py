import asyncio
import datetime
import enum
import functools
from dataclasses import dataclass
from typing import NamedTuple

from .errors import ShapeError

LIMITS = {"least": 0, "most": 10}


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Corner(NamedTuple):
    x: int
    y: int


@functools.total_ordering
@dataclass(eq=True)
class Square:
    side: int

    def __post_init__(self):
        if self.side < 0:
            raise ShapeError(self.side)

    @classmethod
    def of(cls, side):
        return cls(side)

    @property
    def area(self):
        return self.side**2

    def diagonal(self):
        return (2 * self.area) ** 0.5

    def __lt__(self, other):
        return self.side < other.side

    def __add__(self, other):
        return Square(self.side + other.side)

    def __str__(self):
        return f"a square of {self.side}"


def corners(square):
    return [Corner(0, 0), Corner(square.side, 0), Corner(square.side, square.side), Corner(0, square.side)]


def doubled(numbers):
    for number in numbers:
        yield 2 * number


def note(found, name, values):
    found["old"].append(0)
    found[name] = values


def days():
    return [datetime.date(2026, 3, day) for day in range(1, 4)]


async def measured(square):
    await asyncio.sleep(0)
    return square.area
