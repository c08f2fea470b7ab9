"""What stands in for a library of which nobody asks anything: every name is there, and every call gives something.

`stand_in("torch")` makes `import torch.nn.functional` and `from torch import whatever` work. What is asked for is a
class, so that it can be built on, stand in an annotation, be raised, called, used as a decorator and in a `with` block.
"""

import importlib.abc
import importlib.machinery
import inspect
import sys
import types


class AnythingMeta(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return make(name)

    def __iter__(cls):
        return iter(())


class Anything(metaclass=AnythingMeta):
    def __new__(cls, *arguments, **keywords):
        if cls.__module__ == "anything" and len(arguments) == 1 and not keywords and is_code(arguments[0]):
            return arguments[0]  # it decorates
        return super().__new__(cls)

    def __init__(self, *arguments, **keywords):
        pass

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return make(name)()

    def __call__(self, *arguments, **keywords):
        if len(arguments) == 1 and not keywords and is_code(arguments[0]):
            return arguments[0]
        return Anything()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def __getitem__(self, _):
        return Anything()

    def __setitem__(self, *_):
        pass

    def __class_getitem__(cls, _):
        return cls

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __bool__(self):
        return False

    def __float__(self):
        return 0.0

    def __int__(self):
        return 0

    def __index__(self):
        return 0

    def _operate(self, *_):
        return Anything()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _operate
    __rshift__ = __rrshift__ = __lshift__ = __rlshift__ = __neg__ = _operate


def make(name):
    if name.endswith(("Error", "Exception", "Warning")):
        return AnythingMeta(name, (Exception,), {"__module__": "raised"})
    return AnythingMeta(name, (Anything,), {"__module__": "anything"})


def is_code(value):
    return inspect.isfunction(value) or (inspect.isclass(value) and not isinstance(value, AnythingMeta))


class Module(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = make(name)
        setattr(self, name, value)
        return value


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds whatever module of a library is not there; last, so that what is written out comes first."""

    def __init__(self, root):
        self.root = root

    def find_spec(self, fullname, path=None, target=None):
        if not fullname.startswith(f"{self.root}."):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec):
        return Module(spec.name)

    def exec_module(self, module):
        pass


def stand_in(root):
    """Let a library have every name; its `__init__` calls this."""
    sys.meta_path.append(Finder(root))
    sys.modules[root].__class__ = Module
