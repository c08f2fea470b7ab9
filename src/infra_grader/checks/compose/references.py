"""The compose.references check kind."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import pairwise

from infra_grader.checks.compose._files import (
    MOST_SHOWN,
    ComposeParams,
    dockerfile_of,
    exists,
    find_compose,
    missing_dockerfile,
    point_at,
)
from infra_grader.checks.compose._settings import find_settings
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, check, is_glob
from infra_grader.reading.compose import Compose, inside
from infra_grader.reading.compose_service import Mount, Service
from infra_grader.reading.compose_value import UNKNOWN, Value
from infra_grader.reading.dockerfile_shell import SHELLS, program_name

SETTINGS_PLACES = ("/etc/", "/usr/share/", "/docker-entrypoint-initdb.d", "/provisioning", "/dags")
"""Places in containers from which programs read their settings: an empty folder there is no use."""


class References(ComposeParams):
    """How many broken references are still accepted."""

    max: Annotated[int, Meta(ge=0, description="Broken references with which it still passes.")] = 0


@check("compose.references", measure="broken references")
def references(context: Context, params: References) -> Outcome:
    """Everything that the compose file names is there: services, networks, volumes, configs, builds, mounted files.

    So are files of settings that a command names in a folder of the submission that is mounted. Folders that are
    mounted for data may be missing, since Docker makes them; a file of variables may be there as an example only.
    A service that is started cannot wait for one under a profile, unless it says `required: false`.
    """
    compose = find_compose(context, params)
    looked = [piece for service in compose.services.values() for piece in _look(context, compose, service)]
    looked += [(False, point_at(item.value, "there", f"{item.what} is not there")) for item in compose.broken]
    looked += [
        (False, point_at(item.value, "an include that compose accepts", item.problem)) for item in compose.clashes
    ]
    if not looked:
        raise CheckFailed(
            f"{compose.path} names nothing that could be looked up.",
            Evidence(path=compose.path, expected="builds, networks, volumes, files", actual="none"),
        )
    broken = [evidence for holds, evidence in looked if not holds]
    first = f"; the first: {broken[0].actual}" if broken else ""
    return Outcome.passed_if(
        len(broken) <= params.max,
        f"{len(looked) - len(broken)} of {len(looked)} references of {compose.path} lead somewhere{first}.",
        *[*broken, *(evidence for holds, evidence in looked if holds)][:MOST_SHOWN],
        measure=Measure(value=len(broken), unit="broken references", threshold=params.max),
    )


SETTINGS_FLAG = re.compile(r"--?(?:[a-z][a-z.-]*[.-])?(?:conf|config|config[._-]?file|c|f)(?:=(.*))?")
SETTINGS_NAMES = (".conf", ".yml", ".yaml", ".toml", ".ini", ".cfg", ".hcl")

Looked = Iterator[tuple[bool, Evidence]]


def _look(context: Context, compose: Compose, service: Service) -> Looked:
    yield from _awaited(compose, service)
    for name, value in service.networks.items():
        if name != "default":
            yield _said(name in compose.top("networks"), value, f"the network {name}")
    mode = service.text(service.value.get("network_mode"))
    if mode.startswith("service:"):
        name = mode.partition(":")[2]
        yield _said(name in compose.services, service.value.get("network_mode") or service.value, f"the service {name}")
    for kind in ("configs", "secrets"):
        found = service.value.get(kind)
        for item in found.values() if found else []:
            source = (item.get("source") or item).text
            yield _said(source in compose.top(kind), item, f"the {kind[:-1]} {source}")
    for mount in service.mounts:
        yield from _mount(context, compose, mount)
    yield from _started_with(context, service)
    yield from _build(context, service)
    for file in service.env_files:
        is_needed = service.value.at("env_file") is None or not _is_optional(service, file)
        if is_needed:
            yield _said(bool(find_settings(context, file, service)), file, f"the file {file.text}")


def _awaited(compose: Compose, service: Service) -> Looked:
    for name, (_, value) in service.depends_on.items():
        other = compose.services.get(name)
        if other is None or service.profile or not other.profile:
            yield _said(other is not None, value, f"the service {name}")
        elif value.at("required") is not False:  # compose then starts nothing at all
            yield False, point_at(value, f"the service {name} is started", f"{name} is there {other.set_aside}")


def _said(holds: bool, value: Value, what: str) -> tuple[bool, Evidence]:
    return holds, point_at(value, f"{what} is there", f"{what} is {'there' if holds else 'not there'}")


def _is_optional(service: Service, file: Value) -> bool:
    found = service.value.get("env_file")
    items = found.values() if found else []
    return any(item.get("path") is file and item.at("required") is False for item in items)


def _mount(context: Context, compose: Compose, mount: Mount) -> Looked:
    if mount.kind == "volume" and mount.source:
        yield _said(mount.source in compose.top("volumes"), mount.value, f"the volume {mount.source}")
    if mount.kind != "bind" or UNKNOWN in mount.source or mount.source.startswith(("/", "~")):
        return  # a path of the machine says nothing about the submission
    path = inside(mount.value.folder, mount.source)
    is_there = bool(path) and exists(context, path)
    if is_there or _must_be_there(mount):
        yield _said(is_there, mount.value, mount.source)


def _started_with(context: Context, service: Service) -> Looked:
    """Yield the files of settings that its command names in folders of the submission that are mounted."""
    words = [*service.words("entrypoint"), *service.words("command")]
    if any(program_name(word) in SHELLS for word in words):  # which may make them first
        return
    for before, word in pairwise(("", *words)):
        flag, after = SETTINGS_FLAG.fullmatch(word), SETTINGS_FLAG.fullmatch(before)
        named = flag[1] or "" if flag else word
        is_asked = flag is not None or after is not None or (word.endswith(SETTINGS_NAMES) and before[:1] != "-")
        if not is_asked or not named.startswith("/") or is_glob(named) or "$" in named:
            continue
        above = [mount for mount in service.mounts if named.startswith(f"{mount.target.rstrip('/')}/")]
        mount = max(above, key=lambda item: len(item.target), default=None)
        if (
            mount is None
            or mount.kind != "bind"
            or mount.source.startswith(("/", "~"))
            or named in {item.target for item in service.mounts}
        ):
            continue
        if path := inside(mount.value.folder, mount.source + named[len(mount.target.rstrip("/")) :]):
            yield _said(exists(context, path), service.value.get("command") or service.value, path)


def _must_be_there(mount: Mount) -> bool:
    """Whether an empty folder in its place would be of no use."""
    names = (posixpath.basename(mount.source.rstrip("/")), posixpath.basename(mount.target))
    is_file = any("." in name.lstrip(".") and not name.endswith(".d") for name in names)
    return is_file or mount.is_read_only or any(place in f"{mount.target}/" for place in SETTINGS_PLACES)


def _build(context: Context, service: Service) -> Looked:
    build = service.build
    path = dockerfile_of(service)
    if build is not None and path is not None:
        place = build.value.get("dockerfile") or build.value
        missing = missing_dockerfile(context, service)
        yield _said(not missing, place, missing or path)
