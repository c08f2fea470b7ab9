"""What prepares a picture for a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch._tensor import Tensor, tensor_of

from torchvision.transforms import functional
from torchvision.transforms.functional import InterpolationMode


class Compose:
    """Several steps, one after another."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = list(transforms)

    def __call__(self, img: Any) -> Any:
        for step in self.transforms:
            img = step(img)
        return img


class _Step:
    """One step: a function of this name with what it was given."""

    function = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.args, self.options = args, options

    def __call__(self, img: Any) -> Any:
        return getattr(functional, self.function)(img, *self.args, **self.options)


class Resize(_Step):
    """Scales a picture."""

    function = "resize"

    @property
    def size(self) -> Any:
        """How long the shorter side gets, or both."""
        return self.args[0] if self.args else self.options["size"]


class CenterCrop(_Step):
    """Cuts out the middle."""

    function = "center_crop"

    @property
    def size(self) -> Any:
        """How long the sides get."""
        size = self.args[0] if self.args else next(iter(self.options.values()))
        return (size, size) if isinstance(size, int) else size


class ToTensor(_Step):
    """Turns a picture into numbers from 0 to 1."""

    function = "to_tensor"


class PILToTensor(_Step):
    """Turns a picture into whole numbers from 0 to 255."""

    function = "pil_to_tensor"


ToImage = PILToTensor


class ToPILImage(_Step):
    """Turns numbers into a picture."""

    function = "to_pil_image"


class ConvertImageDtype(_Step):
    """Turns whole numbers into numbers from 0 to 1."""

    function = "convert_image_dtype"


ToDtype = ConvertImageDtype


class Grayscale(_Step):
    """Takes the colours away."""

    function = "to_grayscale"


class Lambda:
    """A step of the caller's own."""

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)


class Normalize(_Step):
    """Moves and scales each colour."""

    function = "normalize"

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        super().__init__(mean, std)
        self.mean, self.std = mean, std


def classification(crop_size: int = 224, resize_size: int = 256, **_: Any) -> Callable[[Any], Any]:
    """Return the preparation that comes with weights."""

    def prepare(img: Any) -> Any:
        picture = functional.center_crop(functional.resize(img, resize_size), crop_size)
        numbers = picture if isinstance(picture, Tensor) else functional.to_tensor(picture)
        numbers = functional.convert_image_dtype(tensor_of(numbers))
        return functional.normalize(numbers, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])

    return prepare


from torchvision.transforms import v2  # noqa: E402 - which takes these

__all__ = ["InterpolationMode", "functional", "v2"]
