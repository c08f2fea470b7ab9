"""Stand-in for torch: enough to build, save and load, nothing that learns."""

import contextlib
import json
from types import SimpleNamespace

from torch import nn, optim

__all__ = ["nn", "optim"]
seeds = []
cuda = SimpleNamespace(is_available=lambda: False)


def manual_seed(number):
    seeds.append(number)


def device(name):
    return name


def no_grad():
    return contextlib.nullcontext()


def save(state, path):
    path.write_text(json.dumps(state))


def load(path):
    return json.loads(path.read_text())
