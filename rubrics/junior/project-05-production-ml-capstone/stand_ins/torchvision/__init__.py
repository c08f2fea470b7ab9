"""A small stand-in for torchvision: what prepares a picture."""

from . import transforms

__version__ = "0.24.1"
__all__ = ["transforms"]
