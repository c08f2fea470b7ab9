"""Functions on tensors."""

from __future__ import annotations

from typing import Any

from torch._tensor import tensor_of


def softmax(input: Any, dim: Any = -1, **_: Any) -> Any:
    """Return shares that add up to 1."""
    return tensor_of(input).softmax(dim)


def log_softmax(input: Any, dim: Any = -1, **_: Any) -> Any:
    """Return the logarithms of shares that add up to 1."""
    return tensor_of(input).log_softmax(dim)


def sigmoid(input: Any) -> Any:
    """Return each value on the scale from 0 to 1."""
    return tensor_of(input).sigmoid()


def interpolate(input: Any, size: Any = None, **_: Any) -> Any:
    """Return a batch of pictures in another size, each pixel the nearest one."""
    import numpy as np

    high, wide = (size, size) if isinstance(size, int) else size
    plain = np.asarray(input)
    rows = np.arange(high) * plain.shape[-2] // high
    columns = np.arange(wide) * plain.shape[-1] // wide
    return tensor_of(plain[..., rows, :][..., columns])
