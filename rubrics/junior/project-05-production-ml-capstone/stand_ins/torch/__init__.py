# It has the names, arguments and defaults of the package that it stands for.
"""A small stand-in for PyTorch: what a service needs to ask a model that is loaded, on numpy's arrays."""

import contextlib
from typing import Any, NamedTuple

import numpy as np

from . import nn

__version__ = "2.9.1"
float32, float64, float16, int64, long, uint8 = "float32", "float64", "float16", "int64", "int64", "uint8"


class Found(NamedTuple):
    values: Any
    indices: Any


class Tensor:
    def __init__(self, data):
        self.array = np.asarray(data)

    shape = property(lambda self: self.array.shape)
    ndim = property(lambda self: self.array.ndim)
    dtype = property(lambda self: self.array.dtype)
    device = property(lambda self: device("cpu"))
    T = property(lambda self: Tensor(self.array.T))

    def numpy(self):
        return self.array

    def __array__(self, dtype=None, copy=None):
        return self.array if dtype is None else self.array.astype(dtype)

    def detach(self):
        return self

    cpu = contiguous = clone = eval = requires_grad_ = cuda = detach

    def to(self, *_, **__):
        return self

    def float(self):
        return Tensor(self.array.astype("float32"))

    def item(self):
        return self.array.item()

    def tolist(self):
        return self.array.tolist()

    def size(self, dim=None):
        return self.array.shape if dim is None else self.array.shape[dim]

    def dim(self):
        return self.array.ndim

    def unsqueeze(self, dim):
        return Tensor(np.expand_dims(self.array, dim))

    def squeeze(self, dim=None):
        return Tensor(np.squeeze(self.array, dim))

    def permute(self, *dims):
        return Tensor(self.array.transpose(dims[0] if isinstance(dims[0], tuple | list) else dims))

    def reshape(self, *shape):
        return Tensor(self.array.reshape(*shape))

    view = reshape

    def repeat(self, *times):
        return Tensor(np.tile(self.array, times))

    def mean(self, dim=None):
        return Tensor(self.array.mean(axis=dim))

    def sum(self, dim=None):
        return Tensor(self.array.sum(axis=dim))

    def max(self, dim=None):
        if dim is None:
            return Tensor(self.array.max())
        return Found(Tensor(self.array.max(axis=dim)), Tensor(self.array.argmax(axis=dim)))

    def argmax(self, dim=None):
        return Tensor(self.array.argmax(axis=dim))

    def exp(self):
        return Tensor(np.exp(self.array))

    def sigmoid(self):
        return Tensor(1 / (1 + np.exp(-self.array)))

    def flatten(self, start_dim=0):
        return Tensor(self.array.reshape(*self.array.shape[:start_dim], -1))

    def softmax(self, dim=-1):
        return softmax(self, dim)

    def topk(self, k, dim=-1):
        return topk(self, k, dim)

    def argsort(self, dim=-1, descending=False):
        order = np.argsort(self.array, axis=dim)
        return Tensor(np.flip(order, axis=dim) if descending else order)

    def sort(self, dim=-1, descending=False):
        order = self.argsort(dim, descending)
        return Found(Tensor(np.take_along_axis(self.array, order.array, axis=dim)), order)

    def __getitem__(self, key):
        return Tensor(self.array[key])

    def __iter__(self):
        return (Tensor(item) for item in self.array)

    def __len__(self):
        return len(self.array)

    def __float__(self):
        return float(self.array)

    def __int__(self):
        return int(self.array)

    __index__ = __int__

    def __format__(self, spec):
        return format(self.array.item(), spec)


def _operator(name):
    def operate(self, other):
        return Tensor(getattr(self.array, name)(other.array if isinstance(other, Tensor) else other))

    return operate


for _name in ("add", "sub", "mul", "truediv", "radd", "rsub", "rmul", "rtruediv", "gt", "ge", "lt", "le", "pow"):
    setattr(Tensor, f"__{_name}__", _operator(f"__{_name}__"))


class device:
    def __init__(self, kind="cpu", index=None):
        self.type = str(kind)

    def __str__(self):
        return self.type


class no_grad(contextlib.ContextDecorator):
    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


class inference_mode(no_grad):
    pass


class cuda:
    is_available = staticmethod(lambda: False)


def from_numpy(array):
    return Tensor(array)


def tensor(data, dtype=None, device=None):
    return Tensor(np.asarray(data))


as_tensor = tensor


def stack(tensors, dim=0):
    return Tensor(np.stack([np.asarray(item) for item in tensors], axis=dim))


def zeros(*shape, **_):
    return Tensor(np.zeros(shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape))


def randn(*shape, **_):
    return zeros(*shape)


rand = ones = randn


def softmax(data, dim=-1):
    rows = np.exp(np.asarray(data) - np.asarray(data).max(axis=dim, keepdims=True))
    return Tensor(rows / rows.sum(axis=dim, keepdims=True))


def topk(data, k, dim=-1):
    array = np.asarray(data)
    order = np.flip(np.argsort(array, axis=dim), axis=dim).take(range(k), axis=dim)
    return Found(Tensor(np.take_along_axis(array, order, axis=dim)), Tensor(order))


def sort(data, dim=-1, descending=False):
    return data.sort(dim, descending)


def argsort(data, dim=-1, descending=False):
    return data.argsort(dim, descending)


def exp(data):
    return data.exp()


def sigmoid(data):
    return data.sigmoid()


def flatten(data, start_dim=0):
    return data.flatten(start_dim)


def max(data, dim=None):
    return data.max(dim)


def argmax(data, dim=None):
    return data.argmax(dim)


def set_num_threads(count):
    pass


def manual_seed(seed):
    pass


class _Model(nn.Module):
    def __init__(self, version):
        self.version = version

    def forward(self, batch):
        from mlflow._model import logits

        return Tensor(logits(batch))


def stand_in_model(version):
    return _Model(version)
