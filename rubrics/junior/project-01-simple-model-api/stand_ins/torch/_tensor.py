"""Tensors: arrays of numpy with torch's methods and names of arguments."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Size(tuple):  # type: ignore[type-arg]
    """The length of each axis."""

    def numel(self) -> int:
        """Return how many values there are."""
        return int(np.prod(self)) if self else 1


class Best(NamedTuple):
    """Values with their places."""

    values: Any
    indices: Any


def tensor_of(values: Any) -> Tensor:
    """Return values as a tensor, and one of no axis for a single number."""
    return np.asarray(values).view(Tensor)


class Tensor(np.ndarray):  # type: ignore[type-arg]
    """Numbers in a shape."""

    requires_grad = False
    grad = None
    is_cuda = False

    def __new__(cls, values: Any = ()) -> Tensor:
        return np.array(values, dtype="float32").view(cls)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return np.asarray(array).view(Tensor)

    def __getitem__(self, place: Any) -> Any:
        return tensor_of(np.asarray(self)[place])

    def __iter__(self) -> Any:
        return (tensor_of(part) for part in np.asarray(self))

    def __repr__(self) -> str:
        return f"tensor({np.asarray(self).tolist()})"

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        return format(self.item(), form) if self.ndim == 0 else repr(self)

    def __hash__(self) -> int:
        return id(self)

    def __contains__(self, value: Any) -> bool:
        return bool((np.asarray(self) == value).any())

    @property
    def device(self) -> Any:  # type: ignore[override]
        """Where it lies."""
        import torch

        return torch.device("cpu")

    @property
    def data(self) -> Any:
        """Itself."""
        return self

    def size(self, dim: int | None = None) -> Any:  # type: ignore[override]
        """Return the length of each axis, or of one."""
        return Size(self.shape) if dim is None else self.shape[dim]

    def dim(self) -> int:
        """Return the number of axes."""
        return self.ndim

    def numel(self) -> int:
        """Return how many values there are."""
        return Size(self.shape).numel()

    def _same(self, *_: Any, **__: Any) -> Any:
        return self

    cpu = cuda = detach = contiguous = clone = to_dense = requires_grad_ = pin_memory = half = _same

    def to(self, *wanted: Any, dtype: Any = None, **_: Any) -> Any:
        """Return it in another type; the device is always the same."""
        dtype = next((item for item in wanted if isinstance(item, np.dtype)), dtype)
        return self if dtype is None else tensor_of(np.asarray(self).astype(dtype))

    def type(self, dtype: Any = None) -> Any:
        """Return it in another type."""
        return self.to(dtype=dtype) if dtype is not None else "torch.FloatTensor"

    def float(self) -> Any:
        """Return it with single precision."""
        return tensor_of(np.asarray(self).astype("float32"))

    def double(self) -> Any:
        """Return it with double precision."""
        return tensor_of(np.asarray(self).astype("float64"))

    def long(self) -> Any:
        """Return it as whole numbers."""
        return tensor_of(np.asarray(self).astype("int64"))

    int = long

    def numpy(self, **_: Any) -> Any:
        """Return it as an array."""
        return np.array(self, subok=False)

    def unsqueeze(self, dim: Any) -> Any:
        """Return it with an axis of length 1 more."""
        return tensor_of(np.expand_dims(np.asarray(self), dim))

    def squeeze(self, dim: Any = None) -> Any:  # type: ignore[override]
        """Return it without axes of length 1."""
        plain = np.asarray(self)
        return self if dim is not None and plain.shape[dim] != 1 else tensor_of(np.squeeze(plain, dim))

    def flatten(self, start_dim: Any = 0, end_dim: Any = -1) -> Any:
        """Return it with axes put together."""
        end = end_dim % max(self.ndim, 1)
        shape = (*self.shape[:start_dim], -1, *self.shape[end + 1 :])
        return tensor_of(np.asarray(self).reshape(shape))

    def view(self, *shape: Any) -> Any:
        """Return it in another shape."""
        if shape and isinstance(shape[0], type):
            return super().view(*shape)
        return self.reshape(*shape)

    def permute(self, *dims: Any) -> Any:
        """Return it with its axes in another order."""
        return tensor_of(np.transpose(np.asarray(self), dims[0] if isinstance(dims[0], tuple) else dims))

    def expand(self, *shape: Any) -> Any:
        """Return it with axes of length 1 repeated."""
        wanted = [own if new == -1 else new for new, own in zip(shape, self.shape, strict=True)]
        return tensor_of(np.broadcast_to(np.asarray(self), wanted))

    def repeat(self, *times: Any) -> Any:
        """Return it several times."""
        return tensor_of(np.tile(np.asarray(self), times))

    def softmax(self, dim: Any = -1, **_: Any) -> Any:
        """Return shares that add up to 1."""
        powers = np.exp(np.asarray(self) - np.asarray(self).max(axis=dim, keepdims=True))
        return tensor_of(powers / powers.sum(axis=dim, keepdims=True))

    def log_softmax(self, dim: Any = -1, **_: Any) -> Any:
        """Return the logarithms of shares that add up to 1."""
        return tensor_of(np.log(np.asarray(self.softmax(dim))))

    def sigmoid(self) -> Any:
        """Return each value on the scale from 0 to 1."""
        return tensor_of(1 / (1 + np.exp(-np.asarray(self))))

    def exp(self) -> Any:
        """Return the powers of e."""
        return tensor_of(np.exp(np.asarray(self)))

    def abs(self) -> Any:
        """Return the values without their signs."""
        return tensor_of(np.abs(np.asarray(self)))

    def isnan(self) -> Any:
        """Return which values are none."""
        return tensor_of(np.isnan(np.asarray(self)))

    def isinf(self) -> Any:
        """Return which values have no bound."""
        return tensor_of(np.isinf(np.asarray(self)))

    def isfinite(self) -> Any:
        """Return which values are numbers."""
        return tensor_of(np.isfinite(np.asarray(self)))

    def clamp(self, min: Any = None, max: Any = None) -> Any:
        """Return it with its values within bounds."""
        return tensor_of(np.clip(np.asarray(self), min, max))

    def topk(self, k: int, dim: Any = -1, largest: bool = True, sorted: bool = True) -> Any:
        """Return the largest values, and where they stand."""
        plain = np.asarray(self)
        if not 0 <= k <= plain.shape[dim]:
            raise RuntimeError("selected index k out of range")
        places = np.argsort(-plain if largest else plain, axis=dim, kind="stable")
        places = np.take(places, np.arange(k), axis=dim)
        return Best(tensor_of(np.take_along_axis(plain, places, axis=dim)), tensor_of(places))

    def sort(self, dim: Any = -1, descending: bool = False, **_: Any) -> Any:
        """Return the values in order, and where they stood."""
        return self.topk(self.shape[dim], dim, descending)

    def argsort(self, dim: Any = -1, descending: bool = False, **_: Any) -> Any:  # type: ignore[override]
        """Return the places of the values in order."""
        return self.topk(self.shape[dim], dim, descending).indices

    def argmax(self, dim: Any = None, keepdim: bool = False) -> Any:  # type: ignore[override]
        """Return where the largest value stands."""
        return tensor_of(np.argmax(np.asarray(self), axis=dim, keepdims=keepdim))

    def _best(self, name: str, dim: Any, keepdim: bool, options: Any) -> Any:
        plain = np.asarray(self)
        if "axis" in options:  # as numpy asks
            return getattr(plain, name)(axis=options["axis"])
        if dim is None:
            return tensor_of(getattr(plain, name)())
        values = getattr(plain, name)(axis=dim, keepdims=keepdim)
        return Best(tensor_of(values), tensor_of(getattr(plain, f"arg{name}")(axis=dim, keepdims=keepdim)))

    def max(self, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:  # type: ignore[override]
        """Return the largest value, and where it stands if an axis is named."""
        return self._best("max", dim, keepdim, options)

    def min(self, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:  # type: ignore[override]
        """Return the least value, and where it stands if an axis is named."""
        return self._best("min", dim, keepdim, options)

    def _over(self, name: str, dim: Any, keepdim: bool, options: Any) -> Any:
        dim = options.get("axis", dim)  # as numpy asks
        return tensor_of(getattr(np.asarray(self), name)(axis=dim, keepdims=keepdim))

    def sum(self, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:  # type: ignore[override]
        """Return the sum."""
        return self._over("sum", dim, keepdim, options)

    def mean(self, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:  # type: ignore[override]
        """Return the mean."""
        return self._over("mean", dim, keepdim, options)

    def std(self, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:  # type: ignore[override]
        """Return the spread."""
        return self._over("std", dim, keepdim, options)

    def all(self, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:  # type: ignore[override]
        """Return whether all hold."""
        return self._over("all", dim, keepdim, options)

    def any(self, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:  # type: ignore[override]
        """Return whether any holds."""
        return self._over("any", dim, keepdim, options)
