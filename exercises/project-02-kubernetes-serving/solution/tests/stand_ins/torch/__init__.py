"""The few parts of torch that the service uses, without arithmetic units.

Tests run in a second and need no download: this folder stands first on their path.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace


class Tensor:
    """Numbers in one row, and the shape they stand for."""

    def __init__(self, values: list, shape: tuple[int, ...]) -> None:
        """Keep the numbers, in row-major order."""
        self.values = values
        self.shape = shape

    def unsqueeze(self, axis: int) -> Tensor:
        """Add an axis of length 1 in front."""
        assert axis == 0
        return Tensor(self.values, (1, *self.shape))

    def tolist(self) -> list:
        """Give the numbers of a tensor with one axis."""
        return self.values

    def __getitem__(self, index: int) -> Tensor:
        """Take one part along the first axis."""
        shape = self.shape[1:]
        step = math.prod(shape)
        return Tensor(self.values[index * step : (index + 1) * step], shape)


@contextmanager
def no_grad() -> Iterator[None]:
    """Stand for the block in which no gradients are kept."""
    yield


def topk(tensor: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Find the largest numbers, and their positions."""
    order = sorted(range(len(tensor.values)), key=lambda i: -tensor.values[i])[:count]
    best = [tensor.values[index] for index in order]
    return Tensor(best, (count,)), Tensor(order, (count,))


def _softmax(tensor: Tensor, dim: int) -> Tensor:
    top = max(tensor.values)
    powers = [math.exp(value - top) for value in tensor.values]
    total = sum(powers)
    return Tensor([power / total for power in powers], tensor.shape)


nn = SimpleNamespace(functional=SimpleNamespace(softmax=_softmax))
hub = SimpleNamespace(set_dir=lambda folder: None)
