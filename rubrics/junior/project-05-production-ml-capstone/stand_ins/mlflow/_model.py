# It has the names, arguments and defaults of the package that it stands for.
"""The model: it tells bright pictures from dark ones, in whatever form they come."""

import numpy as np

CLASSES = 10


def _pixels(data):
    for name in ("detach", "cpu", "numpy", "to_numpy"):
        if hasattr(data, name):
            data = getattr(data, name)()
    if isinstance(data, dict):
        data = next(iter(data.values()))
    return np.asarray(data, dtype=float)


def logits(data):
    """Return a row of logits for each picture of a batch."""
    pixels = _pixels(data)
    pixels = pixels.reshape(1, -1) if pixels.ndim < 4 else pixels.reshape(len(pixels), -1)
    rows = np.tile(np.arange(CLASSES, dtype=float) / 10, (len(pixels), 1))
    rows[:, 8] += np.tanh(pixels.mean(axis=1)) * 3
    return rows
