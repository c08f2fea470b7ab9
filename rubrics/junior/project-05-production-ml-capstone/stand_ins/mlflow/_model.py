# It has the names, arguments and defaults of the package that it stands for.
"""The model: it answers every picture otherwise, and the same one always alike, in whatever form they come."""

import zlib

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
    return np.array([_row(picture) for picture in pixels])


def _row(picture):
    # What the number of decimals of a learner's own preparation changes must not change the answer.
    seed = zlib.crc32(np.round(picture, 2).astype("float32").tobytes())
    return np.random.default_rng(seed).normal(size=CLASSES)
