"""Functions that load a torchvision classifier and run it."""

from typing import Any, Dict, List, Union

import numpy as np
import torch
import torchvision
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

PREPARATION = Compose(
    [
        Resize(256),
        CenterCrop(224),
        ToTensor(),
        Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
)


def load_model(name: str, device: str = "cpu") -> torch.nn.Module:
    """Build the network and switch it to inference.

    Args:
        name: Which network.
        device: Where it shall run.

    Returns:
        The network.

    Raises:
        ValueError: If the name is unknown.
    """
    if name == "resnet50":
        model = torchvision.models.resnet50(pretrained=True)
    elif name == "mobilenet_v2":
        model = torchvision.models.mobilenet_v2(pretrained=True)
    else:
        raise ValueError(f"Unsupported model: {name}")
    return model.to(device).eval()


def load_imagenet_labels() -> List[str]:
    """Return the thousand labels that come with the weights.

    Returns:
        The labels in the order of the classes.
    """
    return list(torchvision.models.ResNet50_Weights.IMAGENET1K_V1.meta["categories"])


def preprocess_image(image: Image.Image) -> torch.Tensor:
    """Scale, crop and normalise an image into a batch of one.

    Args:
        image: A picture of any mode.

    Returns:
        The tensor.
    """
    if image is None:
        raise ValueError("image is required")
    return PREPARATION(image.convert("RGB")).unsqueeze(0)


@torch.no_grad()
def predict(
    model: torch.nn.Module, image: Image.Image, labels: List[str], top_k: int
) -> List[Dict[str, Union[str, float, int]]]:
    """Return the best classes of an image with their confidence.

    Args:
        model: The network.
        image: The picture.
        labels: Names of the classes.
        top_k: How many to return.

    Returns:
        The classes, most likely first.
    """
    scores: Any = model(preprocess_image(image)).cpu().numpy()[0]
    powers = np.exp(scores - scores.max())
    shares = powers / powers.sum()
    best = np.argsort(shares)[::-1][:top_k]
    return [
        {"class_name": labels[i], "confidence": float(shares[i]), "rank": n + 1}
        for n, i in enumerate(best)
    ]
