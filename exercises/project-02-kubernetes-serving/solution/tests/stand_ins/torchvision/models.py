"""A network that knows one thing: how bright the picture is."""

from __future__ import annotations

from types import SimpleNamespace

from torch import Tensor

CLASS_COUNT = 100
WEIGHTS = SimpleNamespace(
    meta={"categories": [f"thing_{index}" for index in range(CLASS_COUNT)]}
)
ResNet50_Weights = SimpleNamespace(IMAGENET1K_V1=WEIGHTS)
MobileNet_V2_Weights = SimpleNamespace(IMAGENET1K_V1=WEIGHTS)


class BrightnessNet:
    """Scores the class highest whose index stands for the brightness."""

    def eval(self) -> BrightnessNet:
        """Stand for the switch to inference."""
        return self

    def __call__(self, batch: Tensor) -> Tensor:
        """Score every class for a batch of one."""
        mean = sum(batch.values) / len(batch.values)
        centre = min(CLASS_COUNT - 1, max(0, round((mean + 3) / 6 * CLASS_COUNT)))
        scores = [-abs(index - centre) / 2 for index in range(CLASS_COUNT)]
        return Tensor(scores, (1, CLASS_COUNT))


def resnet50(weights: object = None) -> BrightnessNet:
    """Build the network."""
    return BrightnessNet()


def mobilenet_v2(weights: object = None) -> BrightnessNet:
    """Build the network."""
    return BrightnessNet()
