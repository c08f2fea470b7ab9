"""Stands in for torch: tensors over numpy, enough to prepare inputs and read the scores of a network.

No gradients and no devices. What a submission asks of it beyond this fails there as it would with a torch that is too
old.
"""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np

__version__ = "2.9.1"
float32, float64, int64, long, uint8 = np.float32, np.float64, np.int64, np.int64, np.uint8
float = np.float32


class Tensor:
    """An array, with the names that torch gives to what is done with it."""

    def __init__(self, values):
        self.array = np.asarray(values)

    shape = property(lambda self: self.array.shape)
    dtype = property(lambda self: self.array.dtype)
    device = property(lambda self: "cpu")
    ndim = property(lambda self: self.array.ndim)
    T = property(lambda self: Tensor(self.array.T))

    def size(self, dim=None):
        return self.shape if dim is None else self.shape[dim]

    def dim(self):
        return self.ndim

    def numel(self):
        return self.array.size

    def numpy(self):
        return self.array

    def item(self):
        return self.array.item()

    def tolist(self):
        return self.array.tolist()

    def same(self, *_, **__):
        return self

    to = cpu = cuda = detach = clone = contiguous = requires_grad_ = same

    def float(self):
        return Tensor(self.array.astype(np.float32))

    def long(self):
        return Tensor(self.array.astype(np.int64))

    def unsqueeze(self, dim):
        return Tensor(np.expand_dims(self.array, dim))

    def squeeze(self, dim=None):
        return Tensor(np.squeeze(self.array, dim))

    def reshape(self, *shape):
        return Tensor(self.array.reshape(*shape))

    view = reshape

    def permute(self, *order):
        return Tensor(self.array.transpose(*order))

    def flatten(self, start_dim=0):
        return Tensor(self.array.reshape(*self.shape[:start_dim], -1))

    def repeat(self, *times):
        return Tensor(np.tile(self.array, times))

    def expand(self, *shape):
        kept = [old if new == -1 else new for old, new in zip(self.shape, shape, strict=True)]
        return Tensor(np.broadcast_to(self.array, kept))

    def softmax(self, dim=-1):
        return softmax(self, dim)

    def topk(self, k, dim=-1):
        return topk(self, k, dim)

    def argmax(self, dim=None):
        return Tensor(self.array.argmax(dim))

    def max(self, dim=None):
        return max(self, dim)

    def mean(self, dim=None):
        return Tensor(self.array.mean(dim))

    def sum(self, dim=None):
        return Tensor(self.array.sum(dim))

    def __getitem__(self, key):
        return Tensor(self.array[key.array if isinstance(key, Tensor) else key])

    def __len__(self):
        return len(self.array)

    def __iter__(self):
        return (Tensor(item) for item in self.array)

    def __array__(self, dtype=None, copy=None):
        return self.array.astype(dtype) if dtype else self.array

    def __float__(self):
        return self.array.item().__float__()

    def __int__(self):
        return int(self.array.item())

    __index__ = __int__

    def __format__(self, spec):
        return format(self.array.item() if self.array.size == 1 else self.array, spec)

    def __add__(self, other):
        return Tensor(self.array + _plain(other))

    def __sub__(self, other):
        return Tensor(self.array - _plain(other))

    def __mul__(self, other):
        return Tensor(self.array * _plain(other))

    def __truediv__(self, other):
        return Tensor(self.array / _plain(other))

    def __matmul__(self, other):
        return Tensor(self.array @ _plain(other))

    __radd__, __rmul__ = __add__, __mul__


FloatTensor = Tensor


def _plain(value):
    return value.array if isinstance(value, Tensor) else value


def tensor(values, dtype=None, device=None):
    array = np.asarray(_plain(values))
    if dtype is None and array.dtype == np.float64:
        dtype = np.float32
    return Tensor(array.astype(dtype) if dtype else array)


as_tensor = tensor


def from_numpy(array):
    return Tensor(array)


def stack(tensors, dim=0):
    return Tensor(np.stack([item.array for item in tensors], dim))


def cat(tensors, dim=0):
    return Tensor(np.concatenate([item.array for item in tensors], dim))


def zeros(*shape, **_):
    return Tensor(np.zeros(*shape if isinstance(shape[0], tuple) else (shape,), np.float32))


def ones(*shape, **_):
    return Tensor(np.ones(*shape if isinstance(shape[0], tuple) else (shape,), np.float32))


def randn(*shape, **_):
    return Tensor(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


rand = randn


def softmax(values, dim=-1):
    powers = np.exp(values.array - values.array.max(dim, keepdims=True))
    return Tensor(powers / powers.sum(dim, keepdims=True))


def topk(values, k, dim=-1):
    order = np.flip(np.argsort(values.array, dim), dim).take(range(k), dim)
    return _Best(Tensor(np.take_along_axis(values.array, order, dim)), Tensor(order))


def max(values, dim=None):
    if dim is None:
        return Tensor(values.array.max())
    return _Best(Tensor(values.array.max(dim)), Tensor(values.array.argmax(dim)))


def argmax(values, dim=None):
    return Tensor(values.array.argmax(dim))


class _Best(tuple):
    """Values and where they were, as a pair and by name."""

    __slots__ = ()

    def __new__(cls, values, indices):
        return super().__new__(cls, (values, indices))

    values = property(lambda self: self[0])
    indices = property(lambda self: self[1])


@contextmanager
def no_grad():
    yield


inference_mode = no_grad


def device(name):
    return name


def manual_seed(seed):
    return seed


def set_num_threads(count):
    return count


cuda = SimpleNamespace(is_available=lambda: False, empty_cache=lambda: None, OutOfMemoryError=MemoryError)
backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: False))

from torch import hub, nn  # noqa: E402 - they need what stands above

__all__ = ["hub", "nn"]
