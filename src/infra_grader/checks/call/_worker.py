"""Holds a module and answers questions about it: a line of JSON in, a line of JSON out.

Its text runs in the sandbox (`program_text(plain_coding, _worker)`), so it needs nothing but the standard library. It
shares a process with the learner's code, which may do with it what it likes: nothing that comes from here is believed,
only compared.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from typing import Any

from infra_grader.capabilities.plain_coding import NotPlain, decode, encode

MAX_TEXT = 300


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
