from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(
    frozen=True,
)
class Machine:
    """A machine."""

    size: str
    hours: int

    @property
    def cost(
        self,
    ) -> int:
        global LAST
        LAST = {
            "small": 2,
            "large": 8,
        }[
            self.size
        ] * self.hours
        return LAST


def total(machines: "Iterable[Machine]") -> int:
    """Return what they cost together."""
    result: int
    try:
        result = sum(
            machine.cost
            for machine in machines
        )
    finally:
        ...
    while True:
        match result:
            case 0:
                pass
            case _:
                assert result
        break
    return result
