"""Which services of a compose project are started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from infra_grader.reading.dockerfile_reference import is_named, read_reference

Roles = tuple[tuple[str, tuple[str, ...]], ...]
"""What is asked for, each by globs of services or images; `build` is whatever is built."""


def choose(model: Mapping[str, Any], without: Sequence[str], asked: Roles) -> tuple[frozenset[str], dict[str, str]]:
    """Return the services to start, with those that they wait for, and which of them fills each role."""
    services: Mapping[str, Mapping[str, Any]] = model.get("services") or {}
    kept = [name for name in services if not is_called(name, services[name], without)]
    roles: dict[str, str] = {}
    for role, globs in asked:
        free = [name for name in kept if name not in roles.values()]
        roles[role] = next((name for name in free if fills(name, services[name], globs)), "")
    chosen = [name for name in (roles.values() if asked else kept) if name]
    found: set[str] = set()
    while chosen:
        name = chosen.pop()
        if name in kept and name not in found:
            found.add(name)
            chosen += _leaned_on(services[name])
    return frozenset(found), roles


def _leaned_on(service: Mapping[str, Any]) -> list[str]:
    """Return the services without which one cannot be started."""
    modes = (str(service.get(key) or "") for key in ("network_mode", "pid", "ipc"))
    shared = [mode.removeprefix("service:") for mode in modes if mode.startswith("service:")]
    links = [str(item).partition(":")[0] for key in ("links", "volumes_from") for item in service.get(key) or ()]
    return [*(service.get("depends_on") or {}), *shared, *links]


def fills(name: str, service: Mapping[str, Any], globs: Sequence[str]) -> bool:
    """Whether a service is one of those that a role asks for."""
    return is_called(name, service, globs) or ("build" in globs and bool(service.get("build")))


def is_called(name: str, service: Mapping[str, Any], globs: Sequence[str]) -> bool:
    """Whether one of the globs is the service's name, or names its image."""
    image = "" if service.get("build") else str(service.get("image") or "")
    return any(fnmatchcase(name, glob) for glob in globs) or (bool(image) and is_named(read_reference(image), globs))
