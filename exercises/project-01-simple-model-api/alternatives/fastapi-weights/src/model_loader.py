"""The classifier, from torchvision's weights."""

from typing import Any

import requests
import torch
import torch.nn.functional as F
from PIL import Image
from torchvision.models import (
    MobileNet_V2_Weights,
    ResNet50_Weights,
    mobilenet_v2,
    resnet50,
)

from src.config import config

NETWORKS: dict[str, tuple[Any, Any]] = {
    "resnet50": (resnet50, ResNet50_Weights.DEFAULT),
    "mobilenet_v2": (mobilenet_v2, MobileNet_V2_Weights.DEFAULT),
}


class ModelLoader:
    """Loads a network once and asks it."""

    def __init__(self, model_name: str = "resnet50", device: str = "cpu") -> None:
        """Choose a network.

        Args:
            model_name: Its name.
            device: Where it runs.
        """
        self.model_name = model_name
        self.device = torch.device(device)
        self.model: Any = None
        self.transform: Any = None
        self.class_labels: dict[int, str] | None = None

    def load(self) -> None:
        """Load the network, its preparation and its labels.

        Raises:
            ValueError: If the network is not known.
        """
        if self.model_name not in NETWORKS:
            raise ValueError(f"Unsupported model: {self.model_name}")
        build, weights = NETWORKS[self.model_name]
        network = build(weights=weights)
        network.to(self.device)
        network.eval()
        self.transform = weights.transforms()
        answer = requests.get(config.LABELS_URL, timeout=10)
        answer.raise_for_status()
        self.class_labels = dict(enumerate(answer.text.strip().split("\n")))
        self.model = network

    def preprocess(self, image: Image.Image | None) -> torch.Tensor:
        """Prepare a picture.

        Args:
            image: The picture.

        Returns:
            A batch of one.

        Raises:
            ValueError: If there is no picture.
        """
        if image is None:
            raise ValueError("Image is None")
        batch = self.transform(image.convert("RGB")).unsqueeze(0)
        return batch.to(self.device)

    @torch.inference_mode()
    def predict(self, image: Image.Image, top_k: int = 5) -> list[dict[str, Any]]:
        """Classify a picture.

        Args:
            image: The picture.
            top_k: How many classes to return.

        Returns:
            The classes, best first.

        Raises:
            RuntimeError: If nothing is loaded.
        """
        if self.model is None or self.class_labels is None:
            raise RuntimeError("Model not loaded")
        shares = F.softmax(self.model(self.preprocess(image)), dim=1)
        values, indices = shares.topk(top_k, dim=1)
        result = []
        for rank in range(top_k):
            index = int(indices[0, rank].item())
            result.append(
                {
                    "class": self.class_labels[index],
                    "confidence": round(values[0][rank].item(), 6),
                    "rank": rank + 1,
                }
            )
        return result

    def get_model_info(self) -> dict[str, Any]:
        """Describe the network.

        Returns:
            Name, framework and shapes.
        """
        return {
            "name": self.model_name,
            "framework": "pytorch",
            "version": torch.__version__,
            "input_shape": [224, 224, 3],
            "output_classes": len(self.class_labels or {}),
        }

    def validate_image(self, image: Image.Image | None) -> tuple[bool, str | None]:
        """Judge a picture.

        Args:
            image: The picture.

        Returns:
            Whether it can be used, and why not.
        """
        if image is None:
            return False, "Image is None"
        if max(image.size) > config.MAX_IMAGE_DIMENSION:
            return False, "Image is too large"
        return True, None
