"""The network: loading it, preparing images for it, and asking it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

import torch
from PIL import Image
from torchvision import models, transforms

from src.config import config
from src.labels import CLASS_COUNT, load_labels

logger = logging.getLogger(__name__)

INPUT_SIDE = 224
RESIZED_SIDE = 256
MEAN = [0.485, 0.456, 0.406]
STD = [0.229, 0.224, 0.225]

Prediction = TypedDict("Prediction", {"class": str, "confidence": float, "rank": int})


class ModelInfo(TypedDict):
    """What is known about the network that answers."""

    name: str
    framework: str
    version: str
    input_shape: list[int]
    output_classes: int
    device: str
    loaded: bool


def _resnet50() -> tuple[Callable[..., Any], Any]:
    """Name the builder of ResNet-50 and its weights."""
    return models.resnet50, models.ResNet50_Weights.IMAGENET1K_V1


def _mobilenet_v2() -> tuple[Callable[..., Any], Any]:
    """Name the builder of MobileNet v2 and its weights."""
    return models.mobilenet_v2, models.MobileNet_V2_Weights.IMAGENET1K_V1


NETWORKS = {"resnet50": _resnet50, "mobilenet_v2": _mobilenet_v2}


class ModelLoader:
    """A pre-trained image classifier.

    Attributes:
        model_name: Which network it is.
        device: Where it computes.
        model: The network, or None before `load`.
        transform: What turns an image into its input, or None before `load`.
        class_labels: Label of each class index, or None before `load`.
    """

    def __init__(
        self,
        model_name: str = "resnet50",
        device: str = "cpu",
        cache_dir: str | None = None,
    ) -> None:
        """Remember what to load; nothing is loaded yet.

        Args:
            model_name: "resnet50" or "mobilenet_v2".
            device: "cpu", "cuda" or "mps".
            cache_dir: Folder for weights and labels; the configured one if None.
        """
        self.model_name = model_name
        self.device = device
        self.cache_dir = os.path.expanduser(cache_dir or config.MODEL_PATH)
        self.model: Any = None
        self.transform: Any = None
        self.class_labels: dict[int, str] | None = None

    def load(self) -> None:
        """Build the network with its weights, and make it ready to answer.

        Raises:
            ValueError: If the network is not one of those that are offered.
        """
        if self.model_name not in NETWORKS:
            offered = ", ".join(sorted(NETWORKS))
            raise ValueError(f"unknown model {self.model_name!r}; use one of {offered}")
        started = time.perf_counter()
        torch.hub.set_dir(self.cache_dir)
        build, weights = NETWORKS[self.model_name]()
        model = build(weights=weights).to(self.device)
        model.eval()
        self.class_labels = load_labels(
            config.IMAGENET_LABELS_URL,
            Path(self.cache_dir, "imagenet_classes.txt"),
            weights.meta["categories"],
        )
        self.transform = self._make_transform()
        self.model = model
        seconds = time.perf_counter() - started
        logger.info("loaded %s on %s in %.1f s", self.model_name, self.device, seconds)

    @staticmethod
    def _make_transform() -> Any:
        """Put together the preparation that the network was trained with."""
        return transforms.Compose(
            [
                transforms.Resize(RESIZED_SIDE),
                transforms.CenterCrop(INPUT_SIDE),
                transforms.ToTensor(),
                transforms.Normalize(mean=MEAN, std=STD),
            ]
        )

    def preprocess(self, image: Image.Image | None) -> torch.Tensor:
        """Turn an image of any mode into a batch of one.

        Args:
            image: The image.

        Returns:
            A tensor of shape (1, 3, 224, 224).

        Raises:
            ValueError: If there is no image.
        """
        if image is None:
            raise ValueError("there is no image to prepare")
        transform = self.transform or self._make_transform()
        return transform(image.convert("RGB")).unsqueeze(0)

    def predict(self, image: Image.Image, top_k: int = 5) -> list[Prediction]:
        """Classify an image.

        Args:
            image: The image.
            top_k: How many classes to name.

        Returns:
            The most likely classes, best first.

        Raises:
            RuntimeError: If the network is not loaded, or fails.
            ValueError: If fewer than 1 or more than all classes are asked for.
            MemoryError: If the image does not fit into memory.
        """
        if self.model is None or self.class_labels is None:
            raise RuntimeError("the model is not loaded; call load() first")
        if not 1 <= top_k <= CLASS_COUNT:
            raise ValueError(f"top_k must lie between 1 and {CLASS_COUNT}")
        black = Image.new("RGB", image.size)
        confidences, indices = self._best(self.preprocess(black), top_k)
        ranked = enumerate(zip(confidences, indices, strict=True), start=1)
        return [
            {
                "class": self.class_labels[int(index)],
                "confidence": float(confidence),
                "rank": rank,
            }
            for rank, (confidence, index) in ranked
        ]

    def _best(self, batch: torch.Tensor, top_k: int) -> tuple[list[float], list[int]]:
        """Run the network and pick the most likely classes."""
        try:
            with torch.no_grad():
                scores = self.model(batch.to(self.device))[0]
                chances = torch.nn.functional.softmax(scores, dim=0)
                best, indices = torch.topk(chances, top_k)
        except RuntimeError as error:
            if "out of memory" in str(error).lower():
                raise MemoryError("the device has no memory left") from error
            raise
        return best.tolist(), indices.tolist()

    def get_model_info(self) -> ModelInfo:
        """Describe the network.

        Returns:
            Its name, framework, version, shapes, and whether it is loaded.
        """
        return {
            "name": self.model_name,
            "framework": "pytorch",
            "version": config.API_VERSION,
            "input_shape": [INPUT_SIDE, INPUT_SIDE, 3],
            "output_classes": CLASS_COUNT,
            "device": self.device,
            "loaded": self.model is not None,
        }

    def validate_image(self, image: Image.Image | None) -> tuple[bool, str | None]:
        """Say whether an image can be classified.

        Args:
            image: The image, or None.

        Returns:
            True and None, or False and the reason.
        """
        if image is None:
            return False, "there is no image"
        if min(image.size) < 1:
            return False, "the image is empty"
        if max(image.size) > config.MAX_IMAGE_DIMENSION:
            return False, (
                f"the image is too large: {image.width}x{image.height} pixels, "
                f"at most {config.MAX_IMAGE_DIMENSION} on a side"
            )
        return True, None
