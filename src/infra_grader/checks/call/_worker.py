"""Holds a module and answers questions about it: a line of JSON in, a line of JSON out.

Its text is handed to a Python interpreter in the sandbox, so it needs nothing but the standard library. It shares a
process with the learner's code, which may do with it what it likes: nothing that comes from here is believed, only
compared. The grader imports `encode` and `decode` alone.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

MAX_DEPTH = 32
MAX_VALUES = 100_000
MAX_TEXT = 300
MAX_BITS = 12_000
"""Of a whole number: Python itself refuses to read more than 4300 digits."""


class NotPlain(Exception):
    """A value that cannot be carried; says what it is."""


def encode(value: object) -> Any:
    """Return a plain value in a form that JSON carries without loss. Raises `NotPlain` for any other value.

    Types are exact: an instance of a subclass is no plain value, whatever it is equal to.
    """
    return _encode(value, MAX_DEPTH, iter(range(MAX_VALUES)))


def decode(coded: Any) -> Any:
    """Return the plain value that was encoded. Raises `ValueError` for anything that `encode` does not make."""
    try:
        return _decode(coded, MAX_DEPTH)
    except TypeError as error:  # a key or an item of a set that cannot be one
        raise ValueError(str(error)) from error


def _encode(value: object, depth: int, budget: Iterator[int]) -> Any:
    if next(budget, None) is None:
        raise NotPlain("a value that is too large")
    kind: Any = type(value)
    content: Any = value
    if kind in SIMPLE:
        return SIMPLE[kind](content)
    if depth == 0:
        raise NotPlain("a value that is nested too deeply")
    if kind is dict:
        items = content.items()
        return {"dict": [[_encode(key, depth - 1, budget), _encode(item, depth - 1, budget)] for key, item in items]}
    if kind not in COLLECTIONS.values():
        raise NotPlain(f"a value of type {kind.__name__!s:.100}")
    return {kind.__name__: [_encode(item, depth - 1, budget) for item in content]}


def _encode_text(text: str) -> Any:
    try:
        text.encode()
    except UnicodeEncodeError:  # lone surrogates, which JSON cannot hold
        return {"text": text.encode("utf-8", "surrogatepass").hex()}
    return text


def _encode_integer(number: int) -> int:
    if number.bit_length() > MAX_BITS:
        raise NotPlain("a whole number that is too large")
    return number


def _unchanged(value: object) -> Any:
    return value


SIMPLE: dict[type, Callable[[Any], Any]] = {
    type(None): _unchanged,
    bool: _unchanged,
    int: _encode_integer,
    float: lambda number: {"float": repr(number)},  # which JSON has no word for where it is not finite
    str: _encode_text,
    bytes: lambda content: {"bytes": content.hex()},
}
COLLECTIONS: dict[str, Callable[[Iterator[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
}


def _decode(coded: Any, depth: int) -> Any:
    if coded is None or type(coded) in (bool, str, int):
        return coded
    if type(coded) is not dict or len(coded) != 1 or depth < 0:
        raise ValueError("no plain value")
    ((kind, content),) = coded.items()
    if kind in ("float", "bytes", "text"):
        if type(content) is not str:
            raise ValueError("no plain value")
        if kind == "float":
            return float(content)
        raw = bytes.fromhex(content)
        return raw if kind == "bytes" else raw.decode("utf-8", "surrogatepass")
    if type(content) is not list:
        raise ValueError("no plain value")
    if kind == "dict":
        return {_decode(key, depth - 1): _decode(item, depth - 1) for key, item in content}
    if kind not in COLLECTIONS:
        raise ValueError("no plain value")
    return COLLECTIONS[kind](_decode(item, depth - 1) for item in content)


def serve() -> None:
    """Answer until the questions end. The channel is taken away from the module before it is loaded."""
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    module: Any = None
    for line in questions:
        question = json.loads(line)
        reply: dict[str, Any] = {"id": question["id"]}
        try:
            if "load" in question:
                module = load(question["load"])
                reply["value"] = None
            elif not hasattr(module, question["function"]):
                reply["absent"] = True
            else:
                arguments = [decode(argument) for argument in question["arguments"]]
                reply["value"] = encode(getattr(module, question["function"])(*arguments))
        except NotPlain as what:
            reply["not_plain"] = str(what)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the grader hears its name
            reply |= described(error)
        content = memoryview(json.dumps(reply).encode() + b"\n")
        while content:
            content = content[os.write(answers, content) :]


def described(error: BaseException) -> dict[str, Any]:
    """Return what to say of an exception: the names of its types, from its own to the most general, and its text."""
    told: dict[str, Any] = {"raised": [str(kind.__name__)[:100] for kind in type(error).__mro__[:-1]][:20]}
    if isinstance(error, Exception):
        told["text"] = str(error)[:MAX_TEXT]
    return told


def load(path: str) -> Any:
    """Import a module by its path in the working folder, as a part of its package if it is in one."""
    root = os.getcwd()
    folder, file = os.path.split(path)
    name = file.removesuffix(".py")
    while folder and os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, _, package = folder.rpartition("/")
        name = f"{package}.{name}"
    # As when it is started from the root, and from its own folder: the learner's names come before all others.
    sys.path[:0] = [os.path.join(root, folder), root]
    if "." in name:
        importlib.import_module(name.rpartition(".")[0])
    spec = importlib.util.spec_from_file_location(name, os.path.join(root, path))
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    serve()
