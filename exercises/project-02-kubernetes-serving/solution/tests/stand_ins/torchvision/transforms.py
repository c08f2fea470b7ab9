"""Preparation of pictures as torchvision does it, on Pillow's and number rows."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image
from torch import Tensor


def Compose(steps: list[Callable]) -> Callable:  # noqa: N802 - torchvision's name
    """Run several steps, one after another."""

    def run(value: object) -> object:
        for step in steps:
            value = step(value)
        return value

    return run


def Resize(side: int) -> Callable:  # noqa: N802
    """Make the shorter side as long as asked."""

    def resize(image: Image.Image) -> Image.Image:
        scale = side / min(image.size)
        width, height = (max(1, round(n * scale)) for n in image.size)
        return image.resize((width, height))

    return resize


def CenterCrop(side: int) -> Callable:  # noqa: N802
    """Cut a square out of the middle."""

    def crop(image: Image.Image) -> Image.Image:
        left, top = (image.width - side) // 2, (image.height - side) // 2
        return image.crop((left, top, left + side, top + side))

    return crop


def ToTensor() -> Callable:  # noqa: N802
    """Turn pixels into numbers from 0 to 1, one plane a colour."""

    def convert(image: Image.Image) -> Tensor:
        planes = [plane.tobytes() for plane in image.split()]
        values = [level / 255 for plane in planes for level in plane]
        return Tensor(values, (len(planes), image.height, image.width))

    return convert


def Normalize(mean: list[float], std: list[float]) -> Callable:  # noqa: N802
    """Move and scale each plane."""

    def normalise(tensor: Tensor) -> Tensor:
        size = len(tensor.values) // len(mean)
        values = [
            (value - mean[plane]) / std[plane]
            for plane in range(len(mean))
            for value in tensor.values[plane * size : (plane + 1) * size]
        ]
        return Tensor(values, tensor.shape)

    return normalise
