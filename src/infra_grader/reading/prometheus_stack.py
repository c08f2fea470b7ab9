"""What of a compose file the settings of a monitoring stack can be held against: services, ports, mounts, commands."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.model.record import Record
from infra_grader.plugin import Context
from infra_grader.reading import compose_service
from infra_grader.reading.compose import Compose, inside, read_compose


class Mount(Record):
    """A file or folder that a service sees under another path."""

    source: str
    """Path in the submission."""
    target: str
    """Path in the container."""
    line: int


class Service(Record):
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
    path: str
    """The file in which it stands."""
    line: int

    def find(self, path: str) -> str:
        """Return the path in the submission of what the service sees under a path of its own, or nothing."""
        best = ""
        longest = -1
        for mount in self.mounts:
            target = mount.target.rstrip("/")
            if (path == target or path.startswith(f"{target}/")) and len(target) > longest:
                longest = len(target)
                best = inside("", mount.source + path[len(target) :])
        return best

    def sees(self, path: str) -> bool:
        """Whether a file of the submission is mounted into it, by itself or with its folder."""
        return any(
            mount.source in (".", path) or path.startswith(f"{mount.source.rstrip('/')}/") for mount in self.mounts
        )


class Stack(Record):
    """A compose file, with what it includes and what its services extend."""

    path: str
    services: tuple[Service, ...]

    def service(self, host: str) -> Service | None:
        """Return the service that answers to a name."""
        return next((item for item in self.services if host in item.names), None)


def read_stack(context: Context, places: list[str]) -> Stack:
    """Return the first compose file that is there. Raises `CheckFailed`."""
    path = context.workspace.first(places)
    compose = context.shared(("compose", path, ()), lambda: read_compose(context.workspace, path))
    return context.shared(("prometheus.stack", path), lambda: stack_of(compose))


def stack_of(compose: Compose) -> Stack:
    """Return the services of a compose file."""
    files = {name: inside(item.folder, str(item.at("file") or "")) for name, item in compose.top("configs").items()}
    return Stack(path=compose.path, services=tuple(_service(item, files) for item in compose.services.values()))


def _service(service: compose_service.Service, configs: dict[str, str]) -> Service:
    value = service.value
    aliases = [
        service.text(alias)
        for network in service.networks.values()
        for found in filter(None, [network.get("aliases")])
        for alias in found.values()
    ]
    named = [service.text(value.get(key)) for key in ("container_name", "hostname")]
    return Service(
        name=service.name,
        names=frozenset({service.name, *named, *aliases} - {""}),
        image=service.text(value.get("image")),
        is_built=service.build is not None,
        ports={port.published or port.target: port.target for port in service.ports},
        mounts=tuple(_mounts(service, configs)),
        command=tuple(
            word for key in ("entrypoint", "command") for text in service.words(key) for word in text.split()
        ),
        path=service.file,
        line=service.line,
    )


def _mounts(service: compose_service.Service, configs: dict[str, str]) -> Iterator[Mount]:
    for mount in service.mounts:
        if mount.kind == "bind" and (source := inside(mount.value.folder, mount.source)):
            yield Mount(source=source, target=mount.target, line=mount.value.line)
    given = service.value.get("configs")
    for item in given.values() if given else []:
        name = service.text(item.get("source") if isinstance(item.data, dict) else item)
        if source := configs.get(name, ""):
            yield Mount(source=source, target=service.text(item.get("target")) or f"/{name}", line=item.line)
