"""The few parts of torchvision that the service uses; see the torch beside it."""

from torchvision import models, transforms

__all__ = ["models", "transforms"]
