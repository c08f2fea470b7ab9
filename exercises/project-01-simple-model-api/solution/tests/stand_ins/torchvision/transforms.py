"""Image preparation as torchvision does it, on Pillow images and number rows."""

from __future__ import annotations

from PIL import Image
from torch import Tensor


class Compose:
    """Runs several steps, one after another."""

    def __init__(self, steps: list) -> None:
        """Keep the steps.

        Args:
            steps: What to run, in order.
        """
        self.steps = steps

    def __call__(self, image: Image.Image) -> Tensor:
        """Run every step."""
        value = image
        for step in self.steps:
            value = step(value)
        return value


class Resize:
    """Makes the shorter side as long as asked."""

    def __init__(self, side: int) -> None:
        """Keep the length.

        Args:
            side: Pixels of the shorter side.
        """
        self.side = side

    def __call__(self, image: Image.Image) -> Image.Image:
        """Resize an image."""
        scale = self.side / min(image.size)
        size = (max(1, round(n * scale)) for n in image.size)
        return image.resize(tuple(size))


class CenterCrop:
    """Cuts a square out of the middle."""

    def __init__(self, side: int) -> None:
        """Keep the length.

        Args:
            side: Pixels of a side.
        """
        self.side = side

    def __call__(self, image: Image.Image) -> Image.Image:
        """Crop an image."""
        left = (image.width - self.side) // 2
        top = (image.height - self.side) // 2
        return image.crop((left, top, left + self.side, top + self.side))


class ToTensor:
    """Turns pixels into numbers from 0 to 1, one plane a colour."""

    def __call__(self, image: Image.Image) -> Tensor:
        """Turn an image into a tensor."""
        planes = [plane.tobytes() for plane in image.split()]
        values = [level / 255 for plane in planes for level in plane]
        return Tensor(values, (len(planes), image.height, image.width))


class Normalize:
    """Moves and scales each plane."""

    def __init__(self, mean: list[float], std: list[float]) -> None:
        """Keep the figures.

        Args:
            mean: What is taken off, a plane each.
            std: What is divided by, a plane each.
        """
        self.figures = list(zip(mean, std, strict=True))

    def __call__(self, tensor: Tensor) -> Tensor:
        """Normalise a tensor."""
        size = len(tensor.values) // len(self.figures)
        values = [
            (value - mean) / std
            for plane, (mean, std) in enumerate(self.figures)
            for value in tensor.values[plane * size : (plane + 1) * size]
        ]
        return Tensor(values, tensor.shape)
