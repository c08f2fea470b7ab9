"""What installing a submission as a project would bring: its packages below `src` on the path, and its commands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.reading.document import read_toml

PROJECT = "pyproject.toml"
PROJECTS = (PROJECT, "setup.py", "setup.cfg")
SOURCE = "src"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
TARGET = re.compile(r"(\w+(?:\.\w+)*):(\w+(?:\.\w+)*)")
CALL = """\
import importlib, operator, sys
sys.exit(operator.attrgetter({function!r})(importlib.import_module({module!r}))())
"""


def source_folder(workspace: Workspace) -> str:
    """Return the folder whose packages an installation makes importable from everywhere, or nothing."""
    files = workspace.all_files()
    is_source = any(file.startswith(f"{SOURCE}/") and file.endswith(".py") for file in files)
    is_project = any(place in files for place in PROJECTS)
    return SOURCE if is_source and is_project and f"{SOURCE}/__init__.py" not in files else ""


def project_commands(workspace: Workspace) -> Mapping[str, str]:
    """Return the programs that an installation would make, by name: each as Python code that does the same.

    A project file that cannot be read has none.
    """
    found: dict[str, str] = {}
    for name, target in _scripts(workspace).items():
        match = TARGET.fullmatch(target) if isinstance(target, str) else None
        if match and NAME.fullmatch(name):
            found[name] = CALL.format(module=match[1], function=match[2])
    return found


def _scripts(workspace: Workspace) -> Mapping[str, Any]:
    if PROJECT not in workspace.all_files():
        return {}
    try:
        data = read_toml(TextFile(PROJECT, workspace.read_text(PROJECT)))
    except (CheckFailed, NotAssessed):
        return {}
    found: dict[str, Any] = {}
    for keys in (("tool", "poetry", "scripts"), ("project", "scripts")):
        table: Any = data
        for key in keys:
            table = table.get(key) if isinstance(table, dict) else None
        found |= table if isinstance(table, dict) else {}
    return found
