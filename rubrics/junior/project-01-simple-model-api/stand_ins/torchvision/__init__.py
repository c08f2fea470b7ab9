"""The parts of torchvision that serving a pre-trained classifier needs; see the torch beside it."""

from torchvision import io, models, transforms

__version__ = "0.24.1+cpu"
__all__ = ["io", "models", "transforms"]
