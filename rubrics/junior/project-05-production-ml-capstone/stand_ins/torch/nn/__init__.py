# It has the names, arguments and defaults of the package that it stands for.
"""Networks."""

from . import functional


class Module:
    def __call__(self, *data):
        return self.forward(*data)

    def eval(self):
        return self

    def train(self, mode=True):
        return self

    def to(self, *_, **__):
        return self

    cpu = eval
    double = float = half = eval

    def parameters(self):
        return iter(())


class Softmax:
    def __init__(self, dim=-1):
        self.dim = dim

    def __call__(self, data):
        return functional.softmax(data, self.dim)


__all__ = ["Module", "Softmax", "functional"]
