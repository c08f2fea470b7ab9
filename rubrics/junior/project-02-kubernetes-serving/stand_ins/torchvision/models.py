"""Every network under its name: each scores best the class whose number stands for the brightness."""

from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

CLASS_COUNT = 1000


class Network(nn.Module):
    """Scores a batch of whatever shape."""

    def __init__(self):
        self.fc = nn.Linear(8, CLASS_COUNT)
        self.classifier = [self.fc]

    def forward(self, batch):
        means = batch.array.reshape(len(batch.array), -1).mean(1)
        centres = np.clip(np.round((means + 3) / 6 * CLASS_COUNT), 0, CLASS_COUNT - 1)
        return torch.Tensor(-np.abs(np.arange(CLASS_COUNT)[None] - centres[:, None]).astype(np.float32) / 2)


def _weights():
    from torchvision import transforms

    def prepare():
        return transforms.Compose(
            [transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), transforms.Normalize()]
        )

    return SimpleNamespace(
        meta={"categories": [f"thing_{number}" for number in range(CLASS_COUNT)]},
        transforms=prepare,
        get_state_dict=lambda *_, **__: {},
    )


def get_model(name, *_, **__):
    return Network()


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    if name.endswith("_Weights"):
        return SimpleNamespace(DEFAULT=_weights(), IMAGENET1K_V1=_weights(), IMAGENET1K_V2=_weights())
    return lambda *_, **__: Network()
