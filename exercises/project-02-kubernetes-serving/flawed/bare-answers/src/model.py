"""The network of project 01, asked in batches of pictures that came as JSON."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypedDict

import torch
from PIL import Image
from torchvision import models, transforms

logger = logging.getLogger(__name__)

MAX_SIDE = 1024
NETWORKS: dict[str, Callable[[], tuple[Callable[..., Any], Any]]] = {
    "resnet50": lambda: (
        models.resnet50,
        models.ResNet50_Weights.IMAGENET1K_V1,
    ),
    "mobilenet_v2": lambda: (
        models.mobilenet_v2,
        models.MobileNet_V2_Weights.IMAGENET1K_V1,
    ),
}
Prediction = TypedDict("Prediction", {"class": str, "confidence": float})


class InstanceError(ValueError):
    """An instance that is no picture."""


class Classifier:
    """A pre-trained network and the names of its classes."""

    def __init__(self, name: str, cache: str) -> None:
        """Load the network with its weights.

        Args:
            name: "resnet50" or "mobilenet_v2".
            cache: Folder where the weights are kept.

        Raises:
            ValueError: If the name is not known.
        """
        if name not in NETWORKS:
            raise ValueError(f"unknown model {name!r}; use {' or '.join(NETWORKS)}")
        torch.hub.set_dir(cache)
        build, weights = NETWORKS[name]()
        self.name = name
        self._network = build(weights=weights)
        self._network.eval()
        self._labels: list[str] = weights.meta["categories"]
        self._prepare = transforms.Compose(
            [
                transforms.Resize(256),
                transforms.CenterCrop(224),
                transforms.ToTensor(),
                transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            ]
        )
        logger.info("loaded %s with %d classes", name, len(self._labels))

    def predict(self, instances: list[Any]) -> list[Prediction]:
        """Name the most likely class of each picture.

        Args:
            instances: Pictures as `picture_of` reads them.

        Returns:
            One class and its confidence for each, in the same order.

        Raises:
            InstanceError: If one of them is no picture.
        """
        pictures = [picture_of(instance) for instance in instances]
        return [self._classify(picture) for picture in pictures]

    def _classify(self, picture: Image.Image) -> Prediction:
        """Run the network on one picture."""
        with torch.no_grad():
            scores = self._network(self._prepare(picture).unsqueeze(0))[0]
            chances = torch.nn.functional.softmax(scores, dim=0)
            best, indices = torch.topk(chances, 1)
        label = self._labels[int(indices.tolist()[0])]
        return {"class": label}


def picture_of(instance: Any) -> Image.Image:
    """Read a picture: rows of pixels from 0 to 1, each grey or [red, green, blue].

    Args:
        instance: The rows; a flat list of numbers is a single row.

    Returns:
        The picture in RGB.

    Raises:
        InstanceError: If it is anything else.
    """
    if not isinstance(instance, list) or not instance:
        raise InstanceError("an instance is a list of rows of pixels")
    rows = instance if isinstance(instance[0], list) else [instance]
    width = len(rows[0])
    if not 0 < width <= MAX_SIDE or len(rows) > MAX_SIDE:
        raise InstanceError(f"a side has from 1 to {MAX_SIDE} pixels")
    if any(not isinstance(row, list) or len(row) != width for row in rows):
        raise InstanceError("all rows of a picture are of one length")
    picture = Image.new("RGB", (width, len(rows)))
    picture.putdata([_colour_of(pixel) for row in rows for pixel in row])
    return picture


def _colour_of(pixel: Any) -> tuple[int, int, int]:
    """Read one pixel."""
    levels = pixel if isinstance(pixel, list) else [pixel] * 3
    if len(levels) != 3 or any(type(level) not in (int, float) for level in levels):
        raise InstanceError("a pixel is a number or a list of three")
    red, green, blue = (round(255 * min(1.0, max(0.0, level))) for level in levels)
    return red, green, blue
