"""Pictures read into tensors."""

from __future__ import annotations

import io
from enum import Enum
from typing import Any

from PIL import Image

from torchvision.transforms.functional import pil_to_tensor


class ImageReadMode(Enum):
    """Which colours are read."""

    UNCHANGED = "UNCHANGED"
    GRAY = "L"
    RGB = "RGB"
    RGB_ALPHA = "RGBA"


def decode_image(input: Any, mode: Any = ImageReadMode.UNCHANGED, **_: Any) -> Any:
    """Return the picture in a file or in bytes."""
    mode = getattr(mode, "value", mode)
    try:
        image = Image.open(input if isinstance(input, str) else io.BytesIO(input.tobytes()))
        image.load()
    except (OSError, SyntaxError) as error:
        raise RuntimeError(f"cannot decode image: {error}") from error
    return pil_to_tensor(image if mode == "UNCHANGED" else image.convert(mode))


read_image = decode_image
decode_jpeg = decode_png = decode_image
