"""The functions that stand under this name in torch."""

import numpy as np
import torch


def softmax(values, dim=-1):
    return torch.softmax(values, dim)


def relu(values):
    return torch.Tensor(np.maximum(values.array, 0))


def interpolate(values, size=None, **_):
    height, width = size if isinstance(size, tuple) else (size, size)
    rows = np.linspace(0, values.shape[-2] - 1, height).round().astype(int)
    columns = np.linspace(0, values.shape[-1] - 1, width).round().astype(int)
    return torch.Tensor(values.array[..., rows[:, None], columns])
