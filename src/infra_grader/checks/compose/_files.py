"""What the kinds of the family share: which compose file, how services are chosen, and whether they are healthy."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    Params,
    Places,
    RelativePath,
    TextFile,
    places,
)
from infra_grader.reading.compose import Compose, inside, read_compose
from infra_grader.reading.compose_service import Service
from infra_grader.reading.compose_value import UNKNOWN, Value
from infra_grader.reading.dockerfile import read_dockerfile
from infra_grader.reading.dockerfile_health import judge_probe
from infra_grader.reading.dockerfile_reference import is_named
from infra_grader.reading.dockerfile_shell import run_commands
from infra_grader.reading.pieces import Piece, whole

REMOTE = re.compile(r"[a-z+]+://|git@|github\.com/")
MOST_SHOWN = 20
MOST_QUOTED = 200
MAX_BYTES = 256 * 1024
EMPTY = frozenset({"busybox", "hello-world"})
SYSTEMS = frozenset({"alpine", "debian", "ubuntu"})
"""Images that bring no service of their own; these may be given one by a command."""


class ComposeParams(Params):
    """Which compose file a kind looks at."""

    path: Annotated[Places, Meta(description="The compose file, or several places that may hold it.")] = "*compose.y*ml"
    overrides: Annotated[
        tuple[RelativePath, ...], Meta(description="Files that are laid over it where they are there.")
    ] = ()


def find_compose(context: Context, params: ComposeParams) -> Compose:
    """Return the compose file, read once a submission. Raises `CheckFailed` where no service in it would be started."""
    path = context.workspace.first(places(params.path))
    compose = context.shared(
        ("compose", path, params.overrides), lambda: read_compose(context.workspace, path, params.overrides)
    )
    if not compose.active:
        service = next(iter(compose.services.values()))
        reason = service.set_aside or "without image and build"
        raise CheckFailed(
            f"{path} starts no service: {service.name} is there {reason}.",
            point_at(service.value, "a service with an image or a build", reason),
        )
    return compose


def point_at(value: Value, expected: str, actual: str) -> Evidence:
    """Return evidence that points at a value of a compose file, with the line on which it stands."""
    text = value.excerpt[:MOST_QUOTED] or None
    return Evidence(path=value.file, line=value.line, expected=expected, actual=actual, text=text)


def dockerfile_of(service: Service) -> str | None:
    """Return the Dockerfile that a service is built from, relative to the submission; `None` where none can be told.

    That is so of a service without a build, and of one that is built from a text, from elsewhere or by variables.
    """
    build = service.build
    if build is None or build.is_inline or REMOTE.match(build.context) or UNKNOWN in build.context + build.dockerfile:
        return None
    path = posixpath.join(build.context, build.dockerfile)
    return inside(build.value.folder, path) or path


def missing_dockerfile(context: Context, service: Service) -> str:
    """Return the Dockerfile that a service is built from if it is not there, or says nothing; else nothing."""
    path = dockerfile_of(service)
    if path is None:
        return ""
    try:
        text = context.workspace.view(allow_starter=True).read_text(path, MAX_BYTES)
    except CheckFailed:
        return path
    says_something = any(line.strip() and not line.lstrip().startswith("#") for line in text.split("\n"))
    return "" if says_something else path


def exists(context: Context, path: str) -> bool:
    """Whether a file or a folder of this path is there, the starter's own too."""
    if path == ".":
        return True
    return any(file == path or file.startswith(f"{path}/") for file in context.workspace.all_files())


def asked(holds: bool, evidence: Evidence) -> Piece:
    """Return one thing that was asked for, with the evidence for it."""
    return whole(holds, f"{evidence.expected}: {evidence.actual}", evidence)


def either(names: Sequence[object]) -> str:
    """Return alternatives in words."""
    return " or ".join(map(str, names))


def is_called(service: Service, patterns: Iterable[str]) -> bool:
    """Whether one of the globs is the service's name, or names its image."""
    known = list(patterns)
    image = service.image
    if image is not None and is_named(image, known):
        return True
    # an image that holds no program does not become one by the name of its service
    name = image.name.rpartition("/")[2] if image is not None and service.build is None else ""
    is_empty = name in EMPTY or (name in SYSTEMS and not (service.words("command") or service.words("entrypoint")))
    return not is_empty and any(fnmatchcase(service.name, pattern) for pattern in known)


def title(service: Service) -> str:
    """Return what a service is started from, in words."""
    return str(service.image) if service.image and not service.build else "its own build"


def health_problem(context: Context, service: Service) -> tuple[str, Value]:
    """Say why a service has no health check that asks it anything, or nothing; and where that can be seen.

    A health check in its own Dockerfile counts.
    """
    value = service.healthcheck or service.value
    if service.is_healthcheck_off:
        return "its health check is switched off", value
    commands = service.probe_commands()
    if commands is not None:
        return judge_probe(commands, lambda path: _script(context, service, path)).problem, value
    return _image_problem(context, service), value


def _image_problem(context: Context, service: Service) -> str:
    """Say why the image that a service builds brings no health check, or nothing."""
    missing = "it has no health check"
    build = service.build
    path = inside(build.value.folder, f"{build.context}/{build.dockerfile}") if build else ""
    if build is None or not path or not context.workspace.find(path):
        return missing
    try:
        file = TextFile(path, context.workspace.read_text(path, MAX_BYTES))
        item = read_dockerfile(file).target(build.target).image.healthcheck
    except CheckFailed:
        return missing
    if item is None or item.words[0].upper() == "NONE":
        return missing
    return judge_probe(run_commands(item), lambda name: _script(context, service, name)).problem


def _script(context: Context, service: Service, path: str) -> str | None:
    """Return the text of a script of the submission by its place in the container: mounted, or of the same name."""
    for mount in service.mounts:
        if mount.kind == "bind" and path.startswith(mount.target):
            place = inside(mount.value.folder, mount.source + path[len(mount.target) :])
            if place and context.workspace.find(place):
                return context.workspace.read_text(place, MAX_BYTES)
    name = posixpath.basename(path)
    found = context.workspace.files(lambda place: posixpath.basename(place) == name) if name else ()
    return context.workspace.read_text(found[0], MAX_BYTES) if service.build and len(found) == 1 else None
