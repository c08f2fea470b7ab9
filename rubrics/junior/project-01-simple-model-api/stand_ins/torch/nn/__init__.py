"""Networks and their parts, as far as serving one touches them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch._spare import Spare
from torch._tensor import tensor_of
from torch.nn import functional


class Module:
    """A network, or a part of one."""

    training = True

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.forward(*args, **options)

    def forward(self, *args: Any) -> Any:
        """Return what comes in."""
        return args[0]

    def train(self, mode: bool = True) -> Any:
        """Switch to training."""
        self.training = mode
        return self

    def eval(self) -> Any:
        """Switch to inference."""
        return self.train(False)

    def _same(self, *_: Any, **__: Any) -> Any:
        return self

    to = cpu = cuda = float = half = double = requires_grad_ = share_memory = apply = type = compile = zero_grad = _same

    def parameters(self, *_: Any, **__: Any) -> Iterator[Any]:
        """Yield the weights."""
        import torch

        yield torch.zeros(1)

    def named_parameters(self, *_: Any, **__: Any) -> Iterator[Any]:
        """Yield the weights with their names."""
        yield from (("weight", value) for value in self.parameters())

    def children(self) -> Iterator[Any]:
        """Yield its parts, of which none is told."""
        yield self

    modules = children

    def state_dict(self, *_: Any, **__: Any) -> Any:
        """Return the weights."""
        return {}

    def load_state_dict(self, *_: Any, **__: Any) -> Any:
        """Take over weights."""
        return Spare("keys")


class Sequential(Module):
    """Several parts, one after another."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def forward(self, *args: Any) -> Any:
        """Return what comes out of the last part."""
        value = args[0]
        for part in self.parts:
            value = part(value)
        return value


class Softmax(Module):
    """Turns scores into shares."""

    def __init__(self, dim: Any = -1) -> None:
        self.dim = dim

    def forward(self, *args: Any) -> Any:
        """Return the shares."""
        return tensor_of(args[0]).softmax(self.dim)


class Identity(Module):
    """Changes nothing."""


class Linear(Module):
    """Stands for the last layer of a network."""

    def __init__(self, in_features: int, out_features: int, *_: Any, **__: Any) -> None:
        self.in_features = in_features
        self.out_features = out_features


__all__ = ["Identity", "Linear", "Module", "Sequential", "Softmax", "functional"]
