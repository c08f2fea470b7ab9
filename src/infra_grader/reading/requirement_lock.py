"""Lock files: uv.lock, poetry.lock and Pipfile.lock."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.document import read_json, read_toml
from infra_grader.reading.requirement import NotKept, Requirement, Requirements, read_requirement
from infra_grader.reading.requirement_tables import Found, add_table, line_of, malformed

REGISTRIES = frozenset({"registry"})
OWN = frozenset({"virtual", "editable", "directory"})
"""Sources of the learner's own package in uv.lock."""


def read_uv_lock(file: TextFile, groups: Collection[str]) -> Requirements:
    """Return what the project of a uv.lock depends on, and the locked versions of everything as constraints."""
    found = Found(file)
    packages = list(_packages(file, read_toml(file)))
    sources = {package["name"]: _source(package) for package in packages}
    for package in packages:
        if _source(package) & OWN and _is_root(package):
            for entry in _asked(package, groups):
                _add_uv(found, entry, sources)
    _lock(found, [package for package in packages if _source(package) & REGISTRIES])
    return _requirements(found)


def read_poetry_lock(file: TextFile, groups: Collection[str], project: Requirements | None) -> Requirements:
    """Return what a poetry.lock pins: what `project` asks for, or without one all that is not optional."""
    found = Found(file)
    packages = list(_packages(file, read_toml(file)))
    registered = [package for package in packages if not _poetry_place(package)]
    if project is not None:
        _lock(found, registered)
        return _requirements(found).replace(wanted=project.wanted, dropped=project.dropped)
    chosen = {"main", *groups}
    for package in packages:
        named = package.get("groups", [package.get("category", "main")])
        if package.get("optional") is True or not (isinstance(named, list) and chosen & set(map(str, named))):
            continue
        if place := _poetry_place(package):
            found.drop(f"{package['name']} ({place})", "names a place", line_of(file, package["name"]))
        elif (pinned := _pinned(file, package)) is not None:
            found.wanted.append(pinned)
    return _requirements(found)


def read_pipfile_lock(file: TextFile, groups: Collection[str]) -> Requirements:
    """Return what a Pipfile.lock pins; its `develop` is the group `dev`."""
    data = read_json(file)
    if not isinstance(data, dict):
        raise malformed(file, "it is no JSON object")
    found = Found(file)
    add_table(found, data.get("default", {}))
    if {"dev", "dev-packages"} & set(groups):
        add_table(found, data.get("develop", {}))
    return _requirements(found)


def _requirements(found: Found) -> Requirements:
    return Requirements(
        path=found.file.path,
        wanted=tuple(found.wanted),
        constraints=tuple(found.constraints),
        dropped=tuple(found.dropped),
    )


def _packages(file: TextFile, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    packages = data.get("package", [])
    if not isinstance(packages, list):
        raise malformed(file, "package is no list")
    for package in packages:
        if not isinstance(package, dict) or not isinstance(package.get("name"), str):
            raise malformed(file, "one of its packages has no name")
        yield package


def _source(package: dict[str, Any]) -> frozenset[str]:
    source = package.get("source")
    return frozenset(source) if isinstance(source, dict) else frozenset()


def _is_root(package: dict[str, Any]) -> bool:
    return any(package["source"].get(kind) == "." for kind in OWN)


def _asked(package: dict[str, Any], groups: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the dependencies of the learner's own package, with those of the chosen groups."""
    lists = [package.get("dependencies")]
    for key in ("optional-dependencies", "dev-dependencies"):
        tables = package.get(key)
        lists += [tables.get(group) for group in groups] if isinstance(tables, dict) else []
    for entries in lists:
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                yield entry


def _add_uv(found: Found, entry: dict[str, Any], sources: dict[str, frozenset[str]]) -> None:
    name = entry["name"]
    line = line_of(found.file, name)
    source = sources.get(name, REGISTRIES)
    if source & OWN:
        return
    if not source & REGISTRIES:
        found.drop(f"{name} ({', '.join(sorted(source))})", "names a place", line)
        return
    extras = entry.get("extra")
    listed = [extra for extra in extras if isinstance(extra, str)] if isinstance(extras, list) else []
    text = f"{name}[{','.join(listed)}]" if listed else name
    if isinstance(version := entry.get("version"), str):
        text += f"=={version}"
    if isinstance(marker := entry.get("marker"), str):
        text += f" ; {marker}"
    try:
        found.wanted.append(read_requirement(text, found.file.path, line))
    except NotKept as error:
        found.drop(text, str(error), line)


def _lock(found: Found, packages: list[dict[str, Any]]) -> None:
    """Add a version for each package that is locked to one; those with several are for several machines."""
    names = [package["name"] for package in packages]
    for package in packages:
        if names.count(package["name"]) == 1 and (pinned := _pinned(found.file, package)) is not None:
            found.constraints.append(pinned.replace(marker=""))


def _pinned(file: TextFile, package: dict[str, Any]) -> Requirement | None:
    version, marker = package.get("version"), package.get("markers")
    if not isinstance(version, str):
        return None
    text = f"{package['name']}=={version}" + (f" ; {marker}" if isinstance(marker, str) else "")
    try:
        return read_requirement(text, file.path, line_of(file, package["name"]))
    except NotKept:
        return None


def _poetry_place(package: dict[str, Any]) -> str:
    """Return where else than from an index a package comes, or nothing."""
    source = package.get("source")
    kind = source.get("type") if isinstance(source, dict) else None
    return kind if isinstance(kind, str) and kind != "legacy" else ""
