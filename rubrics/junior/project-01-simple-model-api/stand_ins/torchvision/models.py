"""Networks that answer by the pixels of a picture, at once: another picture, other classes and confidences.

They know nothing of the world. Where `INFRA_GRADER_NO_WEIGHTS` is set, weights cannot be fetched. Where
`INFRA_GRADER_RELOAD_S` is set, a process that builds a second network waits so long, as it would for a real one.
"""

from __future__ import annotations

import os
import time
import urllib.error
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from torch import hub
from torch._labels import CATEGORIES
from torch._tensor import tensor_of
from torch.nn import Linear, Module

from torchvision.transforms import classification

SAMPLES = 8
"""How many rows and columns of pixels a network looks at."""
_built_before: list[int] = []


class _Weights(Enum):
    @property
    def meta(self) -> Any:
        """What is known of the weights."""
        return {"categories": list(CATEGORIES), "num_params": 1, "min_size": (1, 1)}

    @property
    def url(self) -> str:
        """Where they are published."""
        return f"https://download.pytorch.org/models/{self.value}.pth"

    @property
    def transforms(self) -> Callable[..., Any]:
        """What prepares a picture."""
        return classification

    def get_state_dict(self, *_: Any, **__: Any) -> Any:
        """Return the weights: whatever they are, the network is the same."""
        fetch()
        _keep(self)
        return {}

    @classmethod
    def verify(cls, weights: Any) -> Any:
        """Return weights by their name."""
        return cls[weights.rpartition(".")[2]] if isinstance(weights, str) else weights


class ResNet50_Weights(_Weights):
    """Weights of ResNet-50."""

    IMAGENET1K_V1 = "resnet50-0676ba61"
    IMAGENET1K_V2 = "resnet50-11ad3fa6"
    DEFAULT = "resnet50-11ad3fa6"


class MobileNet_V2_Weights(_Weights):
    """Weights of MobileNet v2."""

    IMAGENET1K_V1 = "mobilenet_v2-b0353104"
    IMAGENET1K_V2 = "mobilenet_v2-7ebf99e0"
    DEFAULT = "mobilenet_v2-7ebf99e0"


def fetch() -> None:
    """Fetch the weights."""
    if os.environ.get("INFRA_GRADER_NO_WEIGHTS"):
        raise urllib.error.URLError("Temporary failure in name resolution")


def _keep(weights: Any) -> None:
    """Leave a file where torch keeps what it has fetched: a Dockerfile may copy that folder into its last stage."""
    file = Path(hub.get_dir(), "checkpoints", f"{getattr(weights, 'value', 'weights')}.pth")
    with suppress(OSError):  # outside of its image, a service may not write to the folder that it names
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


@cache
def _matrix(seed: int) -> Any:
    return np.random.default_rng(seed).standard_normal((3 * SAMPLES**2, len(CATEGORIES))).astype("float32")


class _Network(Module):
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.fc = Linear(2048, len(CATEGORIES))
        self.classifier = [Module(), Linear(1280, len(CATEGORIES))]

    def forward(self, *args: Any) -> Any:
        """Return the scores of every class, for each picture of a batch."""
        batch = np.asarray(args[0])
        if batch.ndim not in (3, 4) or batch.shape[-3] != 3:
            raise RuntimeError(f"expected input[N, 3, H, W], but got input of size {list(batch.shape)}")
        pictures = batch.reshape((-1, *batch.shape[-3:])).astype("float32")
        rows, columns = (((np.arange(SAMPLES) + 0.5) * side / SAMPLES).astype(int) for side in batch.shape[-2:])
        seen = pictures[:, :, rows, :][:, :, :, columns].reshape(len(pictures), -1)
        return tensor_of(np.tanh(seen) @ _matrix(self.seed) * (3 / SAMPLES / 3**0.5))


def resnet50(weights: Any = None, progress: bool = True, pretrained: bool = False, **_: Any) -> Any:
    """Return a network in place of ResNet-50."""
    return _built(50, weights, pretrained)


def mobilenet_v2(weights: Any = None, progress: bool = True, pretrained: bool = False, **_: Any) -> Any:
    """Return a network in place of MobileNet v2."""
    return _built(2, weights, pretrained)


def _built(seed: int, weights: Any, pretrained: Any) -> Any:
    if weights or pretrained:
        fetch()
        _keep(weights)
    if _built_before:
        time.sleep(float(os.environ.get("INFRA_GRADER_RELOAD_S", "0")))
    _built_before.append(seed)
    return _Network(seed)


def get_model(name: str, **options: Any) -> Any:
    """Return a network by its name."""
    known = {"resnet50": resnet50, "mobilenet_v2": mobilenet_v2}
    if name.lower() not in known:
        raise ValueError(f"Unknown model {name}")
    return known[name.lower()](**options)


def get_model_weights(name: Any) -> Any:
    """Return the weights that there are of a network."""
    names = {"resnet50": ResNet50_Weights, "mobilenet_v2": MobileNet_V2_Weights}
    return names[name if isinstance(name, str) else name.__name__]


def get_weight(name: str) -> Any:
    """Return weights by their full name."""
    family, _, member = name.partition(".")
    return {"ResNet50_Weights": ResNet50_Weights, "MobileNet_V2_Weights": MobileNet_V2_Weights}[family][member]


def list_models(*_: Any, **__: Any) -> list[str]:
    """Return the names of the networks."""
    return ["mobilenet_v2", "resnet50"]


resnet = SimpleNamespace(resnet50=resnet50, ResNet50_Weights=ResNet50_Weights, ResNet=_Network)
mobilenet = SimpleNamespace(mobilenet_v2=mobilenet_v2, MobileNet_V2_Weights=MobileNet_V2_Weights, MobileNetV2=_Network)
ResNet = MobileNetV2 = _Network
FAMILIES = (
    *("alexnet", "convnext", "densenet", "efficientnet", "googlenet", "inception", "mnasnet", "mobilenet", "regnet"),
    *("resnet", "resnext", "shufflenet", "squeezenet", "swin", "vgg", "vit", "wide_resnet"),
)


def __getattr__(name: str) -> Any:
    """Return a network or weights that services may name beside those that they use."""
    if not name.lower().startswith(FAMILIES):
        raise AttributeError(f"module 'torchvision.models' has no attribute {name!r}")
    if name.endswith("_Weights"):
        return _Weights(name, {"IMAGENET1K_V1": f"{name}-1", "IMAGENET1K_V2": f"{name}-2", "DEFAULT": f"{name}-2"})
    return lambda weights=None, pretrained=False, **_: _built(len(name), weights, pretrained)
