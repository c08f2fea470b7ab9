# It has the names, arguments and defaults of the package that it stands for.
"""Steps that make a tensor of a picture."""

import numpy as np


class Compose:
    def __init__(self, steps):
        self.steps = steps

    def __call__(self, data):
        for step in self.steps:
            data = step(data)
        return data


class Resize:
    def __init__(self, size, *_, **__):
        self.size = size

    def __call__(self, image):
        return image.resize((self.size, self.size) if isinstance(self.size, int) else tuple(self.size)[::-1])


CenterCrop = Resize


class ToTensor:
    def __call__(self, image):
        from torch import Tensor

        pixels = np.asarray(image, dtype="float32") / 255
        return Tensor(pixels[np.newaxis] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))


class Normalize:
    def __init__(self, mean, std, inplace=False):
        self.mean, self.std = (np.reshape(np.asarray(item, dtype="float32"), (-1, 1, 1)) for item in (mean, std))

    def __call__(self, data):
        from torch import Tensor

        return Tensor((np.asarray(data) - self.mean) / self.std)
