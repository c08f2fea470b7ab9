"""What the steps do, on pictures of Pillow's and on tensors."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
from PIL import Image
from torch._tensor import Tensor, tensor_of
from torch.nn.functional import interpolate


class InterpolationMode(Enum):
    """How pixels are found between pixels."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


def _sides(img: Any) -> tuple[int, int]:
    """Return height and width."""
    return (img.shape[-2], img.shape[-1]) if isinstance(img, Tensor) else (img.height, img.width)


def resize(img: Any, size: Any, *_: Any, **__: Any) -> Any:
    """Return a picture with its shorter side of a length, or of a height and width."""
    height, width = _sides(img)
    if isinstance(size, int) or len(size) == 1:
        side = size if isinstance(size, int) else size[0]
        shorter = min(height, width)
        size = (max(1, side * height // shorter), max(1, side * width // shorter))
    if isinstance(img, Tensor):
        return interpolate(img, tuple(size))
    return img.resize((size[1], size[0]), Image.Resampling.BILINEAR)


def center_crop(img: Any, output_size: Any = None, *, size: Any = None) -> Any:
    """Return the middle of a picture."""
    wanted = size if output_size is None else output_size
    high, wide = (wanted, wanted) if isinstance(wanted, int) else (wanted[0], wanted[-1])
    height, width = _sides(img)
    top, left = (height - high) // 2, (width - wide) // 2
    if isinstance(img, Tensor):
        return img[..., top : top + high, left : left + wide]
    return img.crop((left, top, left + wide, top + high))


def pil_to_tensor(pic: Any) -> Any:
    """Return a picture as whole numbers, a plane for each colour."""
    values = np.array(pic)
    return tensor_of(values[None] if values.ndim == 2 else np.ascontiguousarray(values.transpose(2, 0, 1)))


to_image = pil_to_tensor


def to_tensor(pic: Any) -> Any:
    """Return a picture as numbers from 0 to 1, a plane for each colour."""
    if isinstance(pic, np.ndarray):
        planes = pic[None] if pic.ndim == 2 else pic.transpose(2, 0, 1)
        return convert_image_dtype(tensor_of(np.ascontiguousarray(planes)))
    if not isinstance(pic, Image.Image):
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    return convert_image_dtype(pil_to_tensor(pic))


def convert_image_dtype(image: Any, *_: Any, **__: Any) -> Any:
    """Return whole numbers as numbers from 0 to 1."""
    values = np.asarray(image)
    return tensor_of(values.astype("float32") / 255 if values.dtype.kind in "ub" else values)


to_dtype = convert_image_dtype


def to_pil_image(pic: Any, *_: Any, **__: Any) -> Any:
    """Return numbers as a picture."""
    values = np.asarray(pic)
    values = (values * 255).astype("uint8") if values.dtype.kind == "f" else values
    return Image.fromarray(values[0] if len(values) == 1 else values.transpose(1, 2, 0))


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Return a picture without colours."""
    grey = img.convert("L")
    return grey if num_output_channels == 1 else Image.merge("RGB", (grey, grey, grey))


def normalize(tensor: Any, mean: Any, std: Any, *_: Any, **__: Any) -> Any:
    """Return numbers moved and scaled, by figures for each colour."""
    values = np.asarray(tensor)
    figures = [np.asarray(item, dtype="float32").reshape(-1, 1, 1) for item in (mean, std)]
    if len(figures[0]) != values.shape[-3]:
        raise RuntimeError(f"output with shape {list(values.shape)} doesn't match the figures of each colour")
    return tensor_of((values - figures[0]) / figures[1])
