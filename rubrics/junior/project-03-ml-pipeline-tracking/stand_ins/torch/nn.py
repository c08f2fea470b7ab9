"""Layers that know their size and what they are made of."""

import sys

import anything


class Module(anything.Anything):
    def __new__(cls, *arguments, **keywords):
        return object.__new__(cls)

    def to(self, *_, **__):
        return self

    cuda = cpu = train = eval = float = half = requires_grad_ = to

    def children(self):
        for value in list(vars(self).values()):
            for part in value if isinstance(value, list | tuple) else [value]:
                if isinstance(part, Module):
                    yield part

    def modules(self):
        yield self
        for part in self.children():
            yield from part.modules()

    def parameters(self, *_, **__):
        return iter(())

    def named_parameters(self, *_, **__):
        return iter(())

    def named_modules(self, *_, **__):
        return ((type(part).__name__, part) for part in self.modules())

    def state_dict(self, *_, **__):
        return {}

    def load_state_dict(self, *_, **__):
        return None


class Linear(Module):
    def __init__(self, in_features, out_features, bias=True, **_):
        self.in_features, self.out_features = in_features, out_features


class Sequential(Module):
    def __init__(self, *parts):
        self.parts = list(parts[0].values()) if len(parts) == 1 and isinstance(parts[0], dict) else list(parts)

    def __getitem__(self, place):
        return Sequential(*self.parts[place]) if isinstance(place, slice) else self.parts[place]

    def __setitem__(self, place, part):
        self.parts[int(place)] = part

    def __len__(self):
        return len(self.parts)

    def __iter__(self):
        return iter(self.parts)

    def __bool__(self):
        return True

    def append(self, part):
        self.parts.append(part)
        return self

    def __setattr__(self, name, value):
        if name.isdigit():
            self.parts[int(name)] = value
        else:
            super().__setattr__(name, value)


class Dropout(Module):
    def __init__(self, p=0.5, **_):
        self.p = p


class ReLU(Module):
    def __init__(self, *_, **__):
        pass


sys.modules[__name__].__class__ = anything.Module
sys.modules[__name__].__path__ = []
