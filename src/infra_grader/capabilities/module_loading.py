"""Imports a file of a learner's as an honest start of it would, inside the sandbox.

It needs nothing but the standard library, since its text runs in the sandbox; see `program_text`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Any

MAX_TEXT = 300


def load(path: str) -> Any:
    """Import a file of the working folder, as a part of its package if it is in one; or an installed package.

    It finds what it would find when started from the root, from its own folder or from one in between, such as `src`.
    """
    if not path.endswith(".py"):
        return importlib.import_module(path)
    root = os.getcwd()
    folder, file = os.path.split(path)
    parts = [] if file == "__init__.py" else [file.removesuffix(".py")]
    above = folder
    while above and os.path.isfile(os.path.join(root, above, "__init__.py")):
        above, _, package = above.rpartition("/")
        parts.insert(0, package)
    _extend_path(root, folder, above)
    try:
        return _imported(".".join(parts), os.path.join(root, path))
    except ImportError as error:
        dotted = _from_root(folder, file)
        if "relative import" not in str(error) or dotted == ".".join(parts):
            raise
        return importlib.import_module(dotted)  # as `python -m` finds packages that have no `__init__.py`


def text_of(error: BaseException) -> str:
    """Return the beginning of what an exception says, nothing where it cannot say it."""
    try:
        return str(error)[:MAX_TEXT]
    except BaseException:  # noqa: BLE001 - it is the learner's code that runs here
        return ""


def _extend_path(root: str, folder: str, above: str) -> None:
    """Put the learner's folders on the path: where the name starts and the root before all others, the rest last."""
    for place in (root, os.path.join(root, above)):
        if place not in sys.path:
            sys.path.insert(0, place)
    # A module in the middle of a package may be called like one of the standard library.
    while folder:
        if (place := os.path.join(root, folder)) not in sys.path:
            sys.path.append(place)
        folder = folder.rpartition("/")[0]


def _from_root(folder: str, file: str) -> str:
    return ".".join([*folder.split("/"), *([] if file == "__init__.py" else [file.removesuffix(".py")])])


def _imported(name: str, place: str) -> Any:
    if "." in name:
        importlib.import_module(name.rpartition(".")[0])
    loaded = sys.modules.get(name)  # by another module of the learner's, perhaps
    return loaded if getattr(loaded, "__file__", None) == place else _executed(name, place)


def _executed(name: str, place: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, place)
    if spec is None or spec.loader is None:
        raise ImportError(f"{place} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError:
        sys.modules.pop(name, None)
        raise
    return sys.modules.get(name, module)
