"""Stand-in for torch: layers that know their size; of all else every name is there, and nothing happens."""

import anything

anything.stand_in(__name__)

seeds = []


def manual_seed(seed):
    seeds.append(seed)


class device:
    def __init__(self, kind="cpu", index=None):
        self.type = str(kind)

    def __str__(self):
        return self.type

    __repr__ = __str__


import torch.nn  # noqa: E402, F401 - needs the names above; `from torch import nn` would ask for any name
