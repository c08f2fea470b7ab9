"""What a submission depends on, whichever file says it."""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.requirement import Requirements
from infra_grader.reading.requirement_conda import is_conda, read_conda
from infra_grader.reading.requirement_lines import OwnPackage, read_requirement_lines
from infra_grader.reading.requirement_lock import read_pipfile_lock, read_poetry_lock, read_uv_lock
from infra_grader.reading.requirement_project import declares_nothing, included_files, read_pipfile, read_project

PROJECT = "pyproject.toml"


def find_requirements(workspace: Workspace, places: list[str]) -> str:
    """Return the first file that is there and says something of dependencies.

    A pyproject.toml that holds the settings of tools alone is passed over where another place follows.
    Raises `CheckFailed` that lists the places if there is none.
    """
    found = [path for place in places for path in workspace.find(place)]
    for path in found:
        if posixpath.basename(path) != PROJECT or not declares_nothing(_file(workspace, path)):
            return path
    return found[0] if found else workspace.first(places)


def read_requirements(  # noqa: PLR0911 - one for each sort of file
    workspace: Workspace, path: str, groups: Collection[str] = ()
) -> Requirements:
    """Return what a file asks for, by its name; with the chosen optional groups, where it has some of that name.

    Files that it includes may be those that were handed out. Raises `CheckFailed` for a file that cannot be read or
    that pip would refuse.
    """
    workspace.read_bytes(path)  # itself must be work
    workspace = workspace.view(allow_starter=True)
    name = posixpath.basename(path)
    if name == PROJECT:
        return _read_project(workspace, path, groups)
    if name == "uv.lock":
        return read_uv_lock(_file(workspace, path), groups)
    if name == "poetry.lock":
        return read_poetry_lock(_file(workspace, path), groups, _project_beside(workspace, path, groups))
    if name == "Pipfile":
        return read_pipfile(_file(workspace, path), groups)
    if name == "Pipfile.lock":
        return read_pipfile_lock(_file(workspace, path), groups)
    if is_conda(name):
        return read_conda(_file(workspace, path))
    return _read_lines(workspace, path)


def _file(workspace: Workspace, path: str) -> TextFile:
    return TextFile(path, workspace.read_text(path))


def _read_lines(workspace: Workspace, path: str) -> Requirements:
    read = read_requirement_lines(workspace, path)
    found = read.requirements
    for own in dict.fromkeys(read.own):
        found = _with(found, _read_own(workspace, own))
    return found


def _read_own(workspace: Workspace, own: OwnPackage) -> Requirements:
    path = posixpath.join(own.folder, PROJECT)
    if not workspace.find(path):
        return Requirements(path=path)
    # Not by way of `_read_project`: the file that asked for it may be the one that it includes.
    return read_project(_file(workspace, path), own.extras)


def _read_project(workspace: Workspace, path: str, groups: Collection[str]) -> Requirements:
    file = _file(workspace, path)
    found = read_project(file, groups)
    for name in included_files(file):
        included = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        found = _with(found, read_requirement_lines(workspace, included).requirements)
    return found


def _project_beside(workspace: Workspace, path: str, groups: Collection[str]) -> Requirements | None:
    beside = posixpath.join(posixpath.dirname(path), PROJECT)
    if not workspace.find(beside):
        return None
    try:
        return _read_project(workspace, beside, groups)
    except CheckFailed:
        return None


def _with(first: Requirements, other: Requirements) -> Requirements:
    return first.replace(
        wanted=(*first.wanted, *other.wanted),
        constraints=(*first.constraints, *other.constraints),
        dropped=(*first.dropped, *other.dropped),
    )
