"""Uploads: what is accepted, and the numbers that the model is given."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, UnidentifiedImageError

SIZE = (32, 32)
FORMATS = {"JPEG", "PNG"}
MEAN = np.array([0.4914, 0.4822, 0.4465], dtype=np.float32)
DEVIATION = np.array([0.2470, 0.2435, 0.2616], dtype=np.float32)


class TooLarge(ValueError):
    """The upload has more bytes than are allowed."""


def validate_image_upload(content: bytes | None, max_bytes: int) -> Image.Image:
    """Return the uploaded picture. Raises TooLarge or ValueError for what is no JPEG or PNG that can be read."""
    if not content:
        raise ValueError("Send a picture in the form field 'file'.")
    if len(content) > max_bytes:
        raise TooLarge(f"The picture has more than {max_bytes} bytes.")
    try:
        image = Image.open(io.BytesIO(content), formats=sorted(FORMATS))
        image.load()
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise ValueError("The file is no JPEG or PNG that can be read.") from error
    return image


def preprocess_image(image: Image.Image) -> np.ndarray:
    """Return a batch of one picture: colour, of the model's size, normalised, channels first."""
    pixels = np.asarray(image.convert("RGB").resize(SIZE), dtype=np.float32) / 255.0
    return ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1)[np.newaxis]
