"""The parts of torch that serving a pre-trained classifier needs, on numpy: no weights, no download, a quick answer.

What is not here is a `Spare`: it can be called, entered and assigned to, and does nothing.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from torch import _labels, hub, nn
from torch._spare import Spare
from torch._tensor import Size, Tensor, tensor_of

_labels.serve()

__version__ = "2.9.1+cpu"
long = int64 = np.dtype("int64")
int = int32 = np.dtype("int32")
float = float32 = np.dtype("float32")
double = float64 = np.dtype("float64")
half = float16 = bfloat16 = np.dtype("float16")
uint8 = np.dtype("uint8")
bool = np.dtype("bool")
dtype = np.dtype
FloatTensor = LongTensor = Tensor
_grads = [True]


class OutOfMemoryError(RuntimeError):
    """What torch raises where a device has no memory left."""


class device:
    """Where a tensor lies: on the processor, whatever is asked for."""

    def __init__(self, name: Any = "cpu", index: Any = None) -> None:
        self.type, _, number = str(name).partition(":")
        self.index = index if index is not None else (number or None)

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type={self.type!r})"

    def __eq__(self, other: object) -> Any:
        return str(self) == str(other)

    def __hash__(self) -> Any:
        return hash(str(self))


class _Switch:
    """A way to switch gradients off: a context and a decorator, with and without brackets."""

    on = False

    def __new__(cls, function: Any = None) -> Any:
        made = super().__new__(cls)
        return made(function) if callable(function) else made

    def __enter__(self) -> None:
        self._before = _grads[0]
        _grads[0] = self.on

    def __exit__(self, *_: object) -> None:
        _grads[0] = self._before

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        import functools

        @functools.wraps(function)
        def switched(*args: Any, **options: Any) -> Any:
            with type(self)():
                return function(*args, **options)

        return switched


class no_grad(_Switch):
    """Keeps no gradients."""


class inference_mode(_Switch):
    """Keeps no gradients."""


class enable_grad(_Switch):
    """Keeps gradients, if there were any."""

    on = True


class set_grad_enabled:
    """Says whether gradients are kept, for good or as a context."""

    def __init__(self, mode: Any) -> None:
        self._before = _grads[0]
        _grads[0] = mode

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        _grads[0] = self._before


def is_grad_enabled() -> Any:
    """Whether gradients would be kept."""
    return _grads[0]


def is_inference_mode_enabled() -> Any:
    """Whether gradients are off."""
    return not _grads[0]


def is_tensor(value: object) -> Any:
    """Whether a value is a tensor."""
    return isinstance(value, Tensor)


def tensor(values: Any, dtype: Any = None, **_: Any) -> Tensor:
    """Return a tensor of these values."""
    made = np.array(values)
    return tensor_of(made.astype(dtype or ("float32" if made.dtype.kind == "f" else made.dtype)))


as_tensor = tensor


def from_numpy(values: Any) -> Tensor:
    """Return a tensor of the values of an array."""
    return tensor_of(values)


def frombuffer(buffer: Any, dtype: Any, **_: Any) -> Tensor:
    """Return a tensor of the bytes of a buffer."""
    return tensor_of(np.frombuffer(buffer, dtype))


def _shape(shape: tuple[Any, ...], size: Any = None) -> Any:
    if size is not None:
        return size
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape


def zeros(*shape: Any, dtype: Any = "float32", size: Any = None, **_: Any) -> Tensor:
    """Return zeros in a shape."""
    return tensor_of(np.zeros(_shape(shape, size), dtype or "float32"))


empty = zeros


def ones(*shape: Any, dtype: Any = "float32", size: Any = None, **_: Any) -> Tensor:
    """Return ones in a shape."""
    return tensor_of(np.ones(_shape(shape, size), dtype or "float32"))


def full(size: Any, fill_value: Any, dtype: Any = None, **_: Any) -> Tensor:
    """Return one value in a shape."""
    return tensor_of(np.full(size, fill_value, dtype or "float32"))


def rand(*shape: Any, size: Any = None, **_: Any) -> Tensor:
    """Return random numbers from 0 to 1."""
    return tensor_of(np.random.random(_shape(shape, size)).astype("float32"))


def randn(*shape: Any, size: Any = None, **_: Any) -> Tensor:
    """Return random numbers around 0."""
    return tensor_of(np.random.standard_normal(_shape(shape, size)).astype("float32"))


def randint(low: Any, high: Any = None, size: Any = (1,), **_: Any) -> Tensor:
    """Return random whole numbers."""
    return tensor_of(np.random.randint(low, high, size))


def arange(*bounds: Any, **_: Any) -> Tensor:
    """Return the numbers of a range."""
    return tensor_of(np.arange(*bounds))


def stack(tensors: Sequence[Any], dim: Any = 0) -> Tensor:
    """Return tensors as one with an axis more."""
    return tensor_of(np.stack([np.asarray(item) for item in tensors], dim))


def cat(tensors: Sequence[Any], dim: Any = 0) -> Tensor:
    """Return tensors as one, one behind the other."""
    return tensor_of(np.concatenate([np.asarray(item) for item in tensors], dim))


concat = cat


def equal(one: Any, other: Any) -> Any:
    """Whether two tensors hold the same."""
    return np.array_equal(np.asarray(one), np.asarray(other))


def allclose(one: Any, other: Any, rtol: Any = 1e-5, atol: Any = 1e-8, **_: Any) -> Any:
    """Whether two tensors hold nearly the same."""
    return np.allclose(np.asarray(one), np.asarray(other), rtol, atol)


def _method(name: str) -> Callable[..., Any]:
    def function(input: Any, *args: Any, **options: Any) -> Any:
        return getattr(tensor_of(input), name)(*args, **options)

    function.__name__ = name
    return function


softmax, sigmoid, topk, sort, argsort = (_method(name) for name in ("softmax", "sigmoid", "topk", "sort", "argsort"))
argmax, squeeze, unsqueeze, flatten = (_method(name) for name in ("argmax", "squeeze", "unsqueeze", "flatten"))
permute, exp, isnan, isfinite = (_method(name) for name in ("permute", "exp", "isnan", "isfinite"))
reshape, clamp, numel, log_softmax = (_method(name) for name in ("reshape", "clamp", "numel", "log_softmax"))
max, min, sum, mean, std = (_method(name) for name in ("max", "min", "sum", "mean", "std"))
all, any, abs, isinf = (_method(name) for name in ("all", "any", "abs", "isinf"))


def load(file: Any, *_: Any, **__: Any) -> Any:
    """Return the weights in a file: whatever they are, the network is the same."""
    if not isinstance(file, io.IOBase):
        os.stat(file)
    return {}


def save(_: object, file: Any, **__: Any) -> None:
    """Write a file that `load` finds."""
    if isinstance(file, io.IOBase):
        file.write(b"weights")
    else:
        with open(file, "wb") as stream:
            stream.write(b"weights")


def manual_seed(seed: Any) -> None:
    """Set where random numbers begin."""
    np.random.seed(seed % 2**32)


def compile(model: Any, **_: Any) -> Any:
    """Return a network as it is."""
    return model


def get_num_threads() -> Any:
    """Return how many threads compute."""
    return 1


def _same(model: Any, *_: Any, **__: Any) -> Any:
    return model


def _none() -> Any:
    return False


def _zero(*_: Any, **__: Any) -> Any:
    return 0


jit = Spare("torch.jit", script=_same, trace=_same, freeze=_same, optimize_for_inference=_same)
cuda = Spare("torch.cuda", is_available=_none, device_count=_zero, OutOfMemoryError=OutOfMemoryError,
             memory_allocated=_zero, memory_reserved=_zero, max_memory_allocated=_zero)  # fmt: skip
mps = Spare("torch.mps", is_available=_none)
backends = Spare("torch.backends", mps=Spare("torch.backends.mps", is_available=_none, is_built=_none))
quantization = Spare("torch.quantization", quantize_dynamic=_same)
autograd = Spare("torch.autograd", no_grad=no_grad, inference_mode=inference_mode)
version = Spare("torch.version", cuda=None, __version__=__version__)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return Spare(f"torch.{name}")


__all__: Iterable[str] = ["Size", "Tensor", "hub", "nn"]
