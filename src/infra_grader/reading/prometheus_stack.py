"""What of a compose file the settings of a monitoring stack can be held against: services, ports, mounts, variables."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from infra_grader.capabilities.workspace import TextFile
from infra_grader.plugin import Context
from infra_grader.reading.document import invalid
from infra_grader.reading.prometheus_files import absent, as_list, as_mapping, texts
from infra_grader.reading.yaml import Document, YamlError, read_document

DEFAULT = re.compile(r"\$\{\w+:?-([^}]*)\}")
PORTS = re.compile(r"(?:(?:[^\s/]*:)?(?P<host>[0-9]{1,5}):)?(?P<container>[0-9]{1,5})(?:/(?:tcp|udp))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A file or folder that a service sees under another path."""

    source: str
    """Path in the submission."""
    target: str
    """Path in the container."""
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of a compose file."""

    name: str
    names: frozenset[str]
    """All names under which others reach it."""
    image: str
    is_built: bool
    """Whether its image is made here, so that it may hold files of the submission."""
    ports: dict[str, str]
    """Ports on the host, and the container's behind them."""
    mounts: tuple[Mount, ...]
    command: tuple[str, ...]
    """The words of its command and entrypoint."""
    line: int

    def find(self, path: str) -> str:
        """Return the path in the submission of what the service sees under a path of its own, or nothing."""
        best = ""
        longest = -1
        for mount in self.mounts:
            target = mount.target.rstrip("/")
            if (path == target or path.startswith(f"{target}/")) and len(target) > longest:
                longest = len(target)
                best = posixpath.normpath(mount.source + path[len(target) :])
        return best

    def sees(self, path: str) -> bool:
        """Whether a file of the submission is mounted into it, by itself or with its folder."""
        return any(path == mount.source or path.startswith(f"{mount.source.rstrip('/')}/") for mount in self.mounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A compose file."""

    path: str
    services: tuple[Service, ...]
    document: Document

    def service(self, host: str) -> Service | None:
        """Return the service that answers to a name."""
        return next((item for item in self.services if host in item.names), None)


def read_stack(context: Context, places: list[str]) -> Stack:
    """Return the first compose file that is there. Raises `CheckFailed`."""
    path = context.workspace.first(places)
    return context.shared(
        ("prometheus.stack", path), lambda: parse_stack(TextFile(path, context.workspace.read_text(path)))
    )


def parse_stack(file: TextFile) -> Stack:
    """Return the services of a compose file. Raises `CheckFailed` where it is no YAML or has none."""
    try:
        document = read_document(file.text)
    except YamlError as error:
        raise invalid(file, "YAML", error.message, error.line) from error
    data = as_mapping(document.data)
    folder = posixpath.dirname(file.path)
    configs = {name: str(as_mapping(item).get("file") or "") for name, item in as_mapping(data.get("configs")).items()}
    services = tuple(
        _service(document, folder, configs, name, item)
        for name, item in as_mapping(data.get("services")).items()
        if isinstance(item, dict)
    )
    if not services:
        raise absent(file, "services")
    return Stack(path=file.path, services=services, document=document)


def _service(document: Document, folder: str, configs: dict[str, str], name: str, data: dict[str, object]) -> Service:
    names = {name, str(data.get("container_name") or name), str(data.get("hostname") or name)}
    for network in as_mapping(data.get("networks")).values():
        names.update(texts(as_mapping(network).get("aliases")))
    return Service(
        name=name,
        names=frozenset(names),
        image=str(data.get("image") or ""),
        is_built="build" in data,
        ports=dict(_ports(data)),
        mounts=tuple(_mounts(document, folder, configs, name, data)),
        command=tuple(
            word for key in ("entrypoint", "command") for text in texts(data.get(key)) for word in text.split()
        ),
        line=document.key_place(("services", name)).line,
    )


def _ports(data: dict[str, object]) -> Iterator[tuple[str, str]]:
    for item in as_list(data.get("ports")):
        if isinstance(item, dict):
            yield str(item.get("published") or item.get("target")), str(item.get("target"))
        elif found := PORTS.fullmatch(DEFAULT.sub(r"\1", str(item))):
            yield found["host"] or found["container"], found["container"]


def _mounts(
    document: Document, folder: str, configs: dict[str, str], name: str, data: dict[str, object]
) -> Iterator[Mount]:
    for key in ("volumes", "configs"):
        for index, item in enumerate(as_list(data.get(key))):
            if isinstance(item, dict):
                source, target = str(item.get("source") or ""), str(item.get("target") or "")
                source = configs.get(source, "") if key == "configs" else source
            else:
                source, _, rest = str(item).partition(":")
                target = rest.partition(":")[0]
            if target.startswith("/") and (path := _inside(folder, source)):
                line = document.place(("services", name, key, index)).line
                yield Mount(source=path, target=target, line=line)


def _inside(folder: str, source: str) -> str:
    """Return a path on the host as one in the submission; nothing for named volumes and what lies outside."""
    source = DEFAULT.sub(r"\1", source).replace("${PWD}", ".").replace("$PWD", ".")
    if not source.startswith(".") and "/" not in source:
        return source if "." in source else ""
    if source.startswith(("/", "~", "$")):
        return ""
    path = posixpath.normpath(posixpath.join(folder, source))
    return "" if path.startswith("..") else path
