"""Preparation of pictures as torchvision does it."""

import numpy as np
import torch
from PIL import Image


class Compose:
    """Several steps, one after another."""

    def __init__(self, steps):
        self.transforms = steps

    def __call__(self, value):
        for step in self.transforms:
            value = step(value)
        return value


class Resize:
    """The shorter side as long as asked, or both."""

    def __init__(self, size, *_, **__):
        self.size = size

    def __call__(self, image):
        if isinstance(image, torch.Tensor):
            return torch.nn.functional.interpolate(image, self.size)
        if not isinstance(self.size, int):
            return image.resize((self.size[1], self.size[0]))
        scale = self.size / min(image.size)
        return image.resize(tuple(max(1, round(side * scale)) for side in image.size))


class CenterCrop:
    """A square out of the middle."""

    def __init__(self, size):
        self.height, self.width = (size, size) if isinstance(size, int) else size

    def __call__(self, image):
        if isinstance(image, torch.Tensor):
            return torch.nn.functional.interpolate(image, (self.height, self.width))
        left, top = (image.width - self.width) // 2, (image.height - self.height) // 2
        return image.crop((left, top, left + self.width, top + self.height))


class ToTensor:
    """Numbers from 0 to 1, the colours first."""

    def __call__(self, image):
        levels = np.asarray(image, dtype=np.float32) / (255 if isinstance(image, Image.Image) else 1)
        return torch.Tensor(levels[None] if levels.ndim == 2 else levels.transpose(2, 0, 1))


class ToPILImage:
    """A picture of numbers from 0 to 1."""

    def __call__(self, values):
        levels = values.array.transpose(1, 2, 0) if isinstance(values, torch.Tensor) else values
        return Image.fromarray(np.uint8(np.clip(levels, 0, 1) * 255))


class Normalize:
    """Each colour moved and scaled."""

    def __init__(self, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), **_):
        self.mean, self.std = (np.asarray(figures, np.float32)[:, None, None] for figures in (mean, std))

    def __call__(self, values):
        return torch.Tensor((values.array - self.mean) / self.std)
