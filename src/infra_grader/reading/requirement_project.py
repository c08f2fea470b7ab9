"""pyproject.toml and Pipfile: what a project says it depends on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.document import read_toml
from infra_grader.reading.requirement import Dropped, Requirements, normal
from infra_grader.reading.requirement_tables import PLACES, Found, add_table, line_of, line_of_key, malformed

MAX_GROUPS = 100
"""How many groups may lead to one another."""


def read_project(file: TextFile, groups: Collection[str]) -> Requirements:
    """Return what a pyproject.toml depends on, with those of its optional groups that are chosen.

    Understood are `[project]`, `[dependency-groups]` and Poetry's tables. Raises `CheckFailed` for what is malformed.
    """
    data = read_toml(file)
    found = Found(file)
    project = _table(file, data, "project")
    for text in _list(file, project, "dependencies"):
        found.add(text)
    _add_optional(found, project, groups)
    _add_groups(found, _table(file, data, "dependency-groups"), groups)
    poetry = _table(file, _table(file, data, "tool"), "poetry")
    _add_poetry(found, poetry, groups)
    elsewhere = _uv_places(file, data)
    _add_indexes(found, data)
    own = normal(str(project.get("name") or poetry.get("name") or ""))
    return Requirements(
        path=file.path,
        wanted=tuple(item for item in found.wanted if item.name != own and item.name not in elsewhere),
        dropped=(*found.dropped, *(elsewhere[item.name] for item in found.wanted if item.name in elsewhere)),
    )


def declares_nothing(file: TextFile) -> bool:
    """Whether a pyproject.toml is only there for settings: it has no place where dependencies stand."""
    data = read_toml(file)
    tool = data.get("tool")
    has_poetry = isinstance(tool, dict) and "poetry" in tool
    return "project" not in data and "dependency-groups" not in data and not has_poetry


def included_files(file: TextFile) -> list[str]:
    """Return the requirements files in which setuptools is told to look for the dependencies."""
    data = read_toml(file)
    tool = _table(file, _table(file, data, "tool"), "setuptools")
    dynamic = _table(file, _table(file, tool, "dynamic"), "dependencies").get("file", [])
    names = [dynamic] if isinstance(dynamic, str) else dynamic
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def read_pipfile(file: TextFile, groups: Collection[str]) -> Requirements:
    """Return what a Pipfile depends on; its `[dev-packages]` are the group `dev`."""
    data = read_toml(file)
    found = Found(file)
    add_table(found, data.get("packages", {}))
    if {"dev", "dev-packages"} & set(groups):
        add_table(found, data.get("dev-packages", {}))
    return Requirements(path=file.path, wanted=tuple(found.wanted), dropped=tuple(found.dropped))


def _add_optional(found: Found, project: dict[str, Any], groups: Collection[str]) -> None:
    """Add the chosen extras; one may name others, as `own-name[other]`."""
    optional = _table(found.file, project, "optional-dependencies")
    own = normal(str(project.get("name") or ""))
    left = [group for group in optional if normal(group) in _all_normal(groups)]
    seen: set[str] = set()
    while left and len(seen) < MAX_GROUPS:
        group = left.pop(0)
        if group in seen:
            continue
        seen.add(group)
        for text in _list(found.file, optional, group):
            added = found.add(text)
            if added is not None and own and added.name == own:
                left += [name for name in optional if normal(name) in added.extras]


def _add_groups(found: Found, table: dict[str, Any], groups: Collection[str]) -> None:
    for group in table:
        if normal(group) in _all_normal(groups):
            for text in _members(found.file, table, group, set()):
                found.add(text)


def _members(file: TextFile, table: dict[str, Any], group: str, seen: set[str]) -> Iterator[object]:
    """Yield the requirements of a dependency group and of those that it includes."""
    if normal(group) in seen or len(seen) > MAX_GROUPS:
        return
    seen.add(normal(group))
    name = next((name for name in table if normal(name) == normal(group)), None)
    if name is None:
        raise malformed(file, f"the group {group!r:.100} is not there")
    for item in _list(file, table, name):
        if isinstance(item, dict) and isinstance(other := item.get("include-group"), str):
            yield from _members(file, table, other, seen)
        else:
            yield item


def _add_poetry(found: Found, poetry: dict[str, Any], groups: Collection[str]) -> None:
    extras = _table(found.file, poetry, "extras")
    chosen = {
        name
        for extra in extras
        if normal(extra) in _all_normal(groups)
        for name in _list(found.file, extras, extra)
        if isinstance(name, str)
    }
    add_table(found, poetry.get("dependencies", {}), chosen)
    if "dev" in groups:
        add_table(found, poetry.get("dev-dependencies", {}))
    tables = _table(found.file, poetry, "group")
    for group in tables:
        if normal(group) in _all_normal(groups):
            add_table(found, _table(found.file, tables, group).get("dependencies", {}))


def _uv_places(file: TextFile, data: dict[str, Any]) -> dict[str, Dropped]:
    """Return the packages that uv is told to take from a repository, a URL or a folder, by name."""
    sources = _table(file, _table(file, _table(file, data, "tool"), "uv"), "sources")
    found = {}
    for name, source in sources.items():
        if isinstance(source, dict) and (place := next((key for key in PLACES if key in source), None)):
            line = line_of_key(file, name)
            found[normal(name)] = Dropped(
                text=f"{name} ({place})",
                reason="names a place",
                path=file.path,
                line=line,
                lacks_package=True,
                name=normal(name),
            )
    return found


def _add_indexes(found: Found, data: dict[str, Any]) -> None:
    """Report the indexes of its own that Poetry or uv is told to use."""
    tool = _table(found.file, data, "tool")
    for table, key in (("poetry", "source"), ("uv", "index")):
        for entry in _list(found.file, _table(found.file, tool, table), key):
            url = str(entry.get("url", "")) if isinstance(entry, dict) else ""
            found.dropped.append(
                Dropped(
                    text=url[:200],
                    reason="is another index",
                    path=found.file.path,
                    line=line_of(found.file, url),
                    is_index=True,
                )
            )


def _all_normal(names: Collection[str]) -> set[str]:
    return {normal(name) for name in names}


def _table(file: TextFile, data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key, {})
    if not isinstance(found, dict):
        raise malformed(file, f"{key} is no table")
    return found


def _list(file: TextFile, data: dict[str, Any], key: str) -> list[Any]:
    found = data.get(key, [])
    if not isinstance(found, list):
        raise malformed(file, f"{key} is no list")
    return found
