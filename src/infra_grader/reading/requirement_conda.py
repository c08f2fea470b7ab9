"""Environments of conda: environment.yml, conda.yaml and their like."""

from __future__ import annotations

import re
from typing import Any

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.document import read_yaml
from infra_grader.reading.requirement import Requirements
from infra_grader.reading.requirement_tables import Found, malformed

SPEC = re.compile(r"(?:[\w.-]+(?:/[\w.-]+)*::)?(?P<name>[\w.-]+)(?P<versions>.*)", re.DOTALL)
TOOLS = frozenset({"pip", "python"})
"""What an environment of conda names that is no package of Python's index."""


def is_conda(name: str) -> bool:
    """Whether a file of this name is an environment of conda."""
    return name.endswith((".yml", ".yaml"))


def read_conda(file: TextFile) -> Requirements:
    """Return what an environment of conda asks for, with what pip is to install into it.

    Python itself and pip are left out. Raises `CheckFailed` for what is no such file.
    """
    data = read_yaml(file)
    listed = data.get("dependencies") if isinstance(data, dict) else None
    if not isinstance(listed, list):
        raise malformed(file, "it has no list `dependencies`")
    found = Found(file)
    for entry in listed:
        _add(found, entry)
    return Requirements(path=file.path, wanted=tuple(found.wanted), dropped=tuple(found.dropped))


def _add(found: Found, entry: Any) -> None:
    if isinstance(entry, dict) and isinstance(pip := entry.get("pip"), list):
        for text in pip:
            if not (isinstance(text, str) and text.startswith("-")):  # an option, such as `-r requirements.txt`
                _add_text(found, text, text)
        return
    if not isinstance(entry, str):
        raise malformed(found.file, f"{entry!r:.100} is no package")
    spec = SPEC.fullmatch(entry.strip())
    if spec is None:
        raise malformed(found.file, f"{entry[:100]!r} is no package")
    if spec["name"] not in TOOLS:
        _add_text(found, f"{spec['name']}{_translate(spec['versions'])}", entry)


def _add_text(found: Found, text: object, written: object) -> None:
    added = found.add(text)
    if added is not None:
        found.wanted[-1] = added.replace(line=_line(found.file, str(written)))


def _translate(versions: str) -> str:
    """Return pip's way to write conda's versions: `=1.2` is any 1.2, `==1.2` is that one, with a build or not.

    Of alternatives, `1.2|1.3`, the last one is taken.
    """
    text = versions.partition("[")[0].rpartition("|")[2].strip()
    exact = re.fullmatch(r"(?P<sign>==?)?\s*(?P<version>\d[\w.!+]*(?:\.?\*)?)(?:\s*=?\s*[\w.*]+)?", text)
    if exact is None:
        return text
    version = exact["version"].removesuffix("*").removesuffix(".")
    is_any = exact["sign"] == "=" and "=" not in text.lstrip("=")
    return f"=={version}.*" if is_any or exact["version"].endswith("*") else f"=={version}"


def _line(file: TextFile, written: str) -> int | None:
    entry = re.compile(rf"\s*-\s*[\"']?{re.escape(written.strip())}[\"']?\s*(?:#.*)?")
    return next((number for number, line in enumerate(file.lines, 1) if entry.fullmatch(line)), None)
