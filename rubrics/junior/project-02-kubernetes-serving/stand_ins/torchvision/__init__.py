"""Stands in for torchvision: the names are its own, the network knows how bright a picture is."""

from torchvision import models, transforms

__version__ = "0.24.1"
__all__ = ["models", "transforms"]
