"""Modules of ours as one program, for an interpreter in a sandbox where we are not installed."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

LOADER = """\
import sys, types
for package in {packages!r}:
    sys.modules[package] = types.ModuleType(package)
for name, text in {modules!r}:
    sys.modules[name] = module = types.ModuleType(name)
    exec(compile(text, name, "exec"), module.__dict__)
for name in [*{packages!r}, *(name for name, _ in {modules!r})]:
    del sys.modules[name]
module.{function}()
"""


def program_text(*modules: ModuleType, function: str = "serve") -> str:
    """Return a program for `python -c` that holds these modules and calls a function of the last one.

    Each may import the standard library and those before it, under their usual names. A submission that has a module
    of such a name finds its own: ours are out of sight when the function starts.
    """
    texts = [(module.__name__, Path(str(module.__file__)).read_text(encoding="utf-8")) for module in modules]
    packages = sorted({name[:place] for name, _ in texts for place, letter in enumerate(name) if letter == "."})
    return LOADER.format(packages=packages, modules=texts, function=function)
