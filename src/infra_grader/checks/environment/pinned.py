"""The environment.pinned check kind."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection

import msgspec

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    check,
    places,
)
from infra_grader.reading.requirement import Requirement, Requirements
from infra_grader.reading.requirement_file import read_requirements

FILES = [
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "environment.yml",
    "environment.yaml",
    "conda.yml",
    "conda.yaml",
]
PIN = re.compile(r"(?:===?|~=)\s*\d")
COMPATIBLE = re.compile(r"[\"'][~^]\s*\d")
"""How Poetry and Pipenv write what pip calls `~=`."""
TABLES = frozenset({"pyproject.toml", "Pipfile"})
MOST_SHOWN = 20


class Pinned(Params):
    """Where packages are asked for."""

    paths: Annotated[
        Places,
        Meta(
            description="Files of packages; the first that asks for any counts. Lock files of uv, Poetry and Pipenv, "
            "requirements files, pyproject.toml, Pipfile, and conda's environments are read."
        ),
    ] = msgspec.field(default_factory=FILES.copy)
    constraints: Annotated[
        Places, Meta(description="Files of versions that pip is given beside it, such as constraints.txt.")
    ] = msgspec.field(default_factory=lambda: ["constraints.txt"])


@check("environment.pinned", measure="unpinned packages")
def pinned(context: Context, params: Pinned) -> Outcome:
    """Every package is asked for in its version: `==1.2`, `~=1.2`, or `^1.2` of Poetry.

    What a lock file or constraints hold to one version is pinned, and so is what comes from a URL or a repository.
    """
    found = _first(context, places(params.paths))
    given = [path for place in places(params.constraints) for path in context.workspace.find(place)]
    held = {
        item.name for path in given for item in read_requirements(context.workspace, path).wanted if _is_exact(item)
    }
    held |= {item.name for item in found.constraints if _is_exact(item)}
    lines = context.workspace.view(allow_starter=True).read_text(found.path).split("\n")
    loose = [item for item in found.wanted if not _is_pinned(item, held, found.path, lines)]
    number = len(found.wanted) + len(found.dropped)
    first = f"; {loose[0].name} is not" if loose else ""
    return Outcome.passed_if(
        not loose,
        f"{number - len(loose)} of {number} packages of {found.path} have their version{first}.",
        *(
            Evidence(
                path=item.path or found.path,
                line=item.line,
                expected=f"{item.name}==…",
                actual=item.specifier or "any version",
                text=item.versioned,
            )
            for item in loose[:MOST_SHOWN]
        ),
        Evidence.number(len(loose), "at most 0", "unpinned packages"),
        measure=Measure(value=len(loose), unit="unpinned packages", threshold=0),
    )


def _first(context: Context, wanted: list[str]) -> Requirements:
    """Return what the first file that asks for a package says. Raises `CheckFailed` where none does."""
    paths = [path for place in wanted for path in context.workspace.find(place)] or [context.workspace.first(wanted)]
    for path in paths:
        found = read_requirements(context.workspace, path)
        if found.wanted or any(item.lacks_package for item in found.dropped):
            kept = tuple(item for item in found.dropped if item.lacks_package)
            return found.replace(dropped=kept)
    raise CheckFailed(
        f"{paths[0]} asks for no package.", Evidence(path=paths[0], expected="packages with versions", actual="none")
    )


def _is_exact(item: Requirement) -> bool:
    return PIN.search(item.specifier) is not None


def _is_pinned(item: Requirement, held: Collection[str], path: str, lines: list[str]) -> bool:
    if _is_exact(item) or item.name in held:
        return True
    if item.line is None or item.path != path or posixpath.basename(path) not in TABLES:
        return False
    return COMPATIBLE.search(lines[item.line - 1]) is not None
