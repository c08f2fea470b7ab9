"""A compose file with all that belongs to it: overrides, `include`, `extends`, defaults of variables.

Nothing of Docker is asked. Variables are filled in from `.env` beside the file, else from an example of it, else by
their defaults. Files outside of the submission are not followed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from infra_grader.capabilities.workspace import TextFile, Workspace, is_glob
from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.model.record import Record
from infra_grader.reading.compose_service import Service
from infra_grader.reading.compose_value import UNKNOWN, Value, lay_over, read_value, with_children

MAX_BYTES = 1024 * 1024
MAX_FILES = 30
MAX_SERVICES = 500
MAX_DEPTH = 8
TOP_LEVEL = frozenset({"services", "networks", "volumes", "configs", "secrets", "include", "name", "version", "models"})
SHARED = ("services", "networks", "volumes", "configs", "secrets")
"""What files of `include` bring in."""
SETTINGS = (".env", ".env.example", ".env.sample", ".env.template", "env.example", ".env.dist")
OF_THE_MACHINE = {"PWD": ".", **dict.fromkeys(("HOME", "PATH", "USER", "TMPDIR", "TEMP", "TMP"), UNKNOWN)}
"""Variables that every shell has: compose takes these from there, whatever a file of variables says."""
SETTING = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*(?:[=:]\s?(.*))?")
QUOTED = re.compile(r"""(["'])(.*?)\1\s*(?:#.*)?""")


INSTRUCTIONS = ("**/*.md", "**/*.sh", "**/Makefile", "**/makefile", "**/justfile", "**/Taskfile.y*ml")
MOST_INSTRUCTIONS = 100
COMMAND = re.compile(r"\bdocker[ -]compose\b((?:[^\n\\]|\\\n?)*)")
PROFILE = re.compile(r"""--profile[ =]+(["']?)([\w.*-]+)\1""")


class Broken(Record):
    """A reference to what is not there."""

    what: str
    """What is missing, such as `the file base.yml`."""
    value: Value
    """What names it."""


class Clash(Record):
    """What `include` cannot bring in: compose takes no part of the file then."""

    problem: str
    value: Value


class Compose(Record):
    """The whole that compose would work with."""

    path: str
    root: Value
    """Everything merged: services with what they extend, networks, volumes, configs, secrets."""
    services: dict[str, Service]
    broken: tuple[Broken, ...]
    """Files and services that `include` and `extends` name and that are not there."""
    clashes: tuple[Clash, ...]
    """Services and other things that files of `include` declare in another way, and files that include themselves."""
    is_legacy: bool
    """Whether services stand at the top level, as in the first version of the format."""
    files: tuple[str, ...]

    @property
    def active(self) -> dict[str, Service]:
        """The services that `docker compose up` starts, at least once, from an image or a build.

        Not those under a profile, unless the file of variables beside it names that in `COMPOSE_PROFILES`, or a
        document, script or Makefile in a command of compose.
        """
        return {name: service for name, service in self.services.items() if service.is_active}

    def top(self, kind: str) -> dict[str, Value]:
        """Return the networks, volumes, configs or secrets that are declared."""
        found = self.root.get(kind)
        return dict(found.items()) if found is not None and isinstance(found.data, dict) else {}


def read_compose(workspace: Workspace, path: str, overrides: tuple[str, ...] = ()) -> Compose:
    """Return a compose file with those laid over it that are there, `compose.override.yaml` and its like always.

    Raises `CheckFailed` for a file that is no YAML, or that declares no service.
    """
    reader = _Reader(workspace)
    folder = posixpath.dirname(path)
    root = reader.load(path, folder, 0)
    stem, _, suffix = path.rpartition(".")
    siblings = [f"{stem}.override.{ending}" for ending in dict.fromkeys((suffix, "yaml", "yml"))]
    for other in dict.fromkeys([*siblings[:1], *overrides]):
        if workspace.find(other):
            root = lay_over(root, reader.load(other, folder, 0))
    is_legacy = _is_legacy(root)
    if is_legacy:
        root = with_children(root, {"services": root})
    declared = root.get("services")
    if declared is not None and len(declared.children) > MAX_SERVICES:
        raise CheckFailed(
            f"{path} declares more than {MAX_SERVICES} services.",
            Evidence(path=path, line=declared.line, expected=f"at most {MAX_SERVICES}", actual=len(declared.children)),
        )
    services = reader.services(root)
    if not services:
        line = root.get("services")
        raise CheckFailed(
            f"{path} declares no service.",
            Evidence(path=path, line=line.line if line else None, expected="services", actual="none, or empty ones"),
        )
    settings = read_settings(workspace, folder) | OF_THE_MACHINE
    has_profiles = any(value.get("profiles") is not None for value in services.values())
    named = frozenset(_named_profiles(workspace, settings)) if has_profiles else frozenset[str]()
    made = {
        name: Service(name=name, value=value, settings=settings, named_profiles=named)
        for name, value in services.items()
    }
    return Compose(
        path=path,
        root=root,
        services=made,
        broken=tuple(reader.broken),
        clashes=tuple(reader.clashes),
        is_legacy=is_legacy,
        files=tuple(reader.seen),
    )


def _named_profiles(workspace: Workspace, settings: Mapping[str, str]) -> Iterator[str]:
    """Yield the profiles that a variable names, or a command of compose in what tells how to start the project."""
    yield from (name.strip() for name in settings.get("COMPOSE_PROFILES", "").split(","))
    for path in workspace.find(*INSTRUCTIONS)[:MOST_INSTRUCTIONS]:
        try:
            text = workspace.read_text(path, MAX_BYTES)
        except CheckFailed:  # no text: it tells nobody anything
            continue
        for command in COMMAND.findall(text):
            yield from (name for _, name in PROFILE.findall(command))


def _is_legacy(root: Value) -> bool:
    services = [child for name, child in root.items() if name not in TOP_LEVEL and not name.startswith("x-")]
    return (
        root.get("services") is None
        and bool(services)
        and all(isinstance(child.data, dict) and ("image" in child.data or "build" in child.data) for child in services)
    )


def _clashes(root: Value, included: Value, item: Value) -> Iterator[Clash]:
    """Yield what a file and one that it includes both declare, and not in the same way."""
    for kind in SHARED:
        declared, brought = root.get(kind), included.get(kind)
        for name, value in declared.items() if declared is not None and brought is not None else ():
            other = brought.get(name) if brought is not None else None
            if other is not None and _differs(value.data, other.data):
                problem = f"{kind}.{name} is declared in another way in {other.file} on line {other.line}"
                yield Clash(problem=problem, value=value if value.file != other.file else item)


def _differs(one: object, other: object) -> bool:
    """Whether two declarations are plainly not the same: short forms and variables may stand for anything."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() != other.keys() or any(_differs(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) != len(other) or any(map(_differs, one, other))
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return None in (one, other) and bool(one or other)  # nothing may be there in two ways: `{}` and no value
    return one != other and "$" not in f"{one}{other}"


class _Reader:
    """Reads the files that belong to one another, each once, up to a number of them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.seen: dict[str, Value] = {}
        self.broken: list[Broken] = []
        self.clashes: list[Clash] = []
        self._open: list[str] = []

    def load(self, path: str, folder: str, depth: int) -> Value:
        """Return a file with what it includes."""
        if path in self.seen:
            return self.seen[path]
        if len(self.seen) >= MAX_FILES or depth > MAX_DEPTH:
            raise CheckFailed(f"{path} is one of more than {MAX_FILES} compose files.", Evidence(path=path))
        root = read_value(TextFile(path, self._workspace.read_text(path, MAX_BYTES)), folder)
        self.seen[path] = root
        self._open.append(path)
        included = root.get("include")
        for item in included.values() if included else []:
            paths = item.get("path") if isinstance(item.data, dict) else item
            others = [self._find(one, "include") for one in (paths.values() if paths else [])]
            if rings := [other for other in others[:1] if other in self._open]:
                self.clashes.append(Clash(problem=f"{rings[0]} includes itself", value=item))
            named = [other for other in others if other and other not in self.seen]
            if named:  # the first one is laid under those after it, whose paths start from its folder
                home = posixpath.dirname(named[0])
                whole = self.load(named[0], home, depth + 1)
                for other in named[1:]:
                    whole = lay_over(whole, self.load(other, home, depth + 1))
                self.clashes += _clashes(root, whole, item)
                root = lay_over(whole, root)
        self._open.remove(path)
        self.seen[path] = root
        return root

    def _find(self, value: Value, why: str) -> str:
        """Return the file of the submission that a value names, or nothing, and note that it is not there."""
        path = inside(value.folder, value.text)
        if path and not is_glob(path) and self._workspace.find(path):
            return path
        self.broken.append(Broken(what=f"the file {value.text[:80]} of {why}", value=value))
        return ""

    def services(self, root: Value) -> dict[str, Value]:
        """Return the services that hold something, with what they extend."""
        found = root.get("services")
        if found is None or not isinstance(found.data, dict):
            return {}
        return {
            name: self._extended(child, found, 0)
            for name, child in found.items()
            if isinstance(child.data, dict) and child.data and not name.startswith("x-")
        }

    def _extended(self, service: Value, siblings: Value, depth: int) -> Value:
        extends = service.get("extends")
        if extends is None or depth > MAX_DEPTH:
            return service
        name = extends.at("service") if isinstance(extends.data, dict) else extends.data
        file = extends.get("file")
        if file is not None:
            path = self._find(file, "extends")
            if not path:
                return service
            other = self.load(path, posixpath.dirname(path), depth + 1).get("services")
            siblings = other if other is not None else file
        base = siblings.get(str(name))
        if base is None or base is service or not isinstance(base.data, dict):
            self.broken.append(Broken(what=f"the service {name} to extend", value=extends))
            return service
        below = dict(self._extended(base, siblings, depth + 1).children)
        below.pop("extends", None)
        return lay_over(with_children(base, below), service)


def inside(folder: str, path: str) -> str:
    """Return a path of the submission as its files name it, or nothing where it leads out."""
    if not path or path.startswith(("/", "~", "\\")) or "\0" in path or re.match(r"[A-Za-z]:[\\/]", path):
        return ""
    whole = posixpath.normpath(posixpath.join(folder, path))
    return "" if whole == ".." or whole.startswith("../") else whole


def read_settings(workspace: Workspace, folder: str) -> dict[str, str]:
    """Return the variables of `.env` beside a compose file, or of an example; one that is no text sets nothing."""
    for name in SETTINGS:
        path = posixpath.join(folder, name)
        if workspace.find(path):
            try:
                text = workspace.read_text(path, MAX_BYTES)
            except CheckFailed:  # costs the checks that are about it, not those about the compose file
                continue
            return {key: value for key, value in parse_settings(text).items() if value}
    return {}


def parse_settings(text: str) -> dict[str, str]:
    """Return names and values of a dotenv file, quotes taken off."""
    made: dict[str, str] = {}
    for line in text.split("\n"):
        found = SETTING.fullmatch(line)
        if found and not line.lstrip().startswith("#"):
            value = (found[2] or "").strip()
            quoted = QUOTED.fullmatch(value)
            made[found[1]] = quoted[2] if quoted else re.split(r"\s#", value)[0].strip()
    return made
