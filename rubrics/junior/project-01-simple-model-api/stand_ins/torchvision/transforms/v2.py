"""The second edition of the same steps."""

from torchvision.transforms import (
    CenterCrop,
    Compose,
    ConvertImageDtype,
    Grayscale,
    InterpolationMode,
    Lambda,
    Normalize,
    PILToTensor,
    Resize,
    ToDtype,
    ToImage,
    ToPILImage,
    ToTensor,
    functional,
)

RGB = lambda: Lambda(lambda picture: picture.convert("RGB"))  # noqa: E731
__all__ = [
    "CenterCrop",
    "Compose",
    "ConvertImageDtype",
    "Grayscale",
    "InterpolationMode",
    "Lambda",
    "Normalize",
    "PILToTensor",
    "Resize",
    "ToDtype",
    "ToImage",
    "ToPILImage",
    "ToTensor",
    "functional",
]
