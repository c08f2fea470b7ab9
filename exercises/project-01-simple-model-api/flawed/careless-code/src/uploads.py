"""What a client may send, and how it is told when that does not hold."""

from __future__ import annotations

import io

from fastapi import Request, UploadFile
from PIL import Image

from src.config import config
from src.responses import ApiError

FORMATS = ("JPEG", "PNG", "BMP", "GIF")
FORM_TYPES = ("multipart/form-data", "application/x-www-form-urlencoded", "")
ENVELOPE_BYTES = 64 * 1024
"""What the multipart envelope and the other fields may add to the image."""


def check_headers(request: Request):
    """Judge a prediction request before its body is read."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in FORM_TYPES:
        return ApiError(
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            "Send the image as multipart/form-data.",
            {"content_type": media},
        )
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > config.MAX_FILE_SIZE + ENVELOPE_BYTES:
        return too_large()
    return None


def too_large():
    """Word the refusal of a file that is too large."""
    megabytes = config.MAX_FILE_SIZE / 1024 / 1024
    return ApiError(
        413,
        "FILE_TOO_LARGE",
        f"The file is larger than {megabytes:g} MB.",
        {"max_bytes": config.MAX_FILE_SIZE},
    )


async def read_upload(file: UploadFile):
    """Read an uploaded file, but never more than is allowed."""
    content: bytes = await file.read(config.MAX_FILE_SIZE + 1)
    if len(content) > config.MAX_FILE_SIZE:
        raise too_large()
    return content


def validate_image_file(content: bytes):
    """Decode an uploaded image, judged by its content and not by its name."""
    if not content:
        raise ApiError(400, "INVALID_IMAGE_FORMAT", "The uploaded file is empty.")
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        check_dimensions(image)
        image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ApiError(
            400,
            "INVALID_IMAGE_FORMAT",
            "The file is not an image that can be read.",
            {"accepted": list(FORMATS)},
        ) from error
    return image


def check_dimensions(image: Image.Image):
    """Refuse an image that is too large, before its pixels are decoded."""
    if max(image.size) > config.MAX_IMAGE_DIMENSION:
        raise ApiError(
            400,
            "INVALID_IMAGE",
            f"The image is too large: {image.width}x{image.height} pixels.",
            {"max_image_dimension": config.MAX_IMAGE_DIMENSION},
        )
