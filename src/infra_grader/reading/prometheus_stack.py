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
    others: tuple[str, ...]
    """Paths in the container at which something else is mounted: volumes, texts, files of the machine."""
    command: tuple[str, ...]
    """The words of its command and entrypoint."""
    home: str
    """The folder in which it is started, where that is said."""
    variables: frozenset[str]
    """The variables that it is given in the file itself."""
    has_env_files: bool
    """Whether files of variables give it others."""
    network_mode: str
    """Whose network it joins, where it has none of its own: `host`, `service:proxy`."""
    set_aside: str
    """Why `docker compose up` does not start it, as a clause; nothing where it does."""
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

    def may_hold(self, path: str) -> bool:
        """Whether something that is no file of the submission is mounted at a path in the container, or above it."""
        return any(path == place or path.startswith(f"{place.rstrip('/')}/") for place in self.others)

    def places_of(self, path: str) -> list[str]:
        """Return where in the container a file of the submission is seen: mounted by itself, or with a folder."""
        found = []
        for mount in self.mounts:
            if mount.source in (".", path):
                found.append(f"{mount.target}/{path}" if mount.source == "." else mount.target)
            elif path.startswith(f"{mount.source.rstrip('/')}/"):
                found.append(mount.target.rstrip("/") + path[len(mount.source.rstrip("/")) :])
        return found

    def sees(self, path: str) -> bool:
        """Whether a file of the submission is mounted into it, by itself or with its folder."""
        return bool(self.places_of(path))


class Stack(Record):
    """A compose file, with what it includes and what its services extend."""

    path: str
    services: tuple[Service, ...]
    """Those that `docker compose up` starts."""
    idle: tuple[Service, ...]
    """The others."""

    def service(self, host: str) -> Service | None:
        """Return the service that answers to a name."""
        return next((item for item in self.services if host in item.names), None)

    def silence(self, host: str) -> str:
        """Return why no service answers to a name, in words."""
        idle = next((item for item in self.idle if host in item.names), None)
        return f"that service is there {idle.set_aside}" if idle is not None else "there is no such service"

    def running(self, program: str) -> Service | None:
        """Return the service that runs a program: by the last part of its image's name, else by its own name."""
        return _running(self.services, program)

    def rest(self, program: str) -> str:
        """Return why nothing runs a program that a service is there for, in words; nothing where something may."""
        may_run = any(program in item.name or program in item.image for item in self.services)
        idle = None if may_run else _running(self.idle, program)
        return f"{idle.name} is there {idle.set_aside}" if idle is not None else ""


def _running(services: tuple[Service, ...], program: str) -> Service | None:
    by_image = (item for item in services if _image_name(item.image) == program)
    return next(by_image, None) or next((item for item in services if item.name == program), None)


def _image_name(image: str) -> str:
    """Return an image's name without registry, tag and digest."""
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]


def read_stack(context: Context, places: list[str]) -> Stack:
    """Return the first compose file that is there. Raises `CheckFailed`."""
    path = context.workspace.first(places)
    compose = context.shared(("compose", path, ()), lambda: read_compose(context.workspace, path))
    return context.shared(("prometheus.stack", path), lambda: stack_of(compose))


def stack_of(compose: Compose) -> Stack:
    """Return the services of a compose file."""
    files = {name: inside(item.folder, str(item.at("file") or "")) for name, item in compose.top("configs").items()}
    services = [_service(item, files) for item in compose.services.values()]
    return Stack(
        path=compose.path,
        services=tuple(item for item in services if not item.set_aside),
        idle=tuple(item for item in services if item.set_aside),
    )


def _service(service: compose_service.Service, configs: dict[str, str]) -> Service:
    value = service.value
    aliases = [
        service.text(alias)
        for network in service.networks.values()
        for found in filter(None, [network.get("aliases")])
        for alias in found.values()
    ]
    named = [service.text(value.get(key)) for key in ("container_name", "hostname")]
    mounts = tuple(_mounts(service, configs))
    return Service(
        name=service.name,
        names=frozenset({service.name, *named, *aliases} - {""}),
        image=service.text(value.get("image")),
        is_built=service.build is not None,
        ports={port.published or port.target: port.target for port in service.ports},
        mounts=mounts,
        others=tuple(_others(service, {mount.target for mount in mounts})),
        command=tuple(
            word for key in ("entrypoint", "command") for text in service.words(key) for word in text.split()
        ),
        home=service.text(value.get("working_dir")),
        variables=frozenset(service.environment),
        has_env_files=bool(service.env_files),
        network_mode=service.text(value.get("network_mode")),
        set_aside=service.set_aside,
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


def _others(service: compose_service.Service, known: set[str]) -> Iterator[str]:
    yield from (mount.target for mount in service.mounts if mount.target not in known)
    for kind, folder in (("configs", "/"), ("secrets", "/run/secrets/")):
        given = service.value.get(kind)
        for item in given.values() if given else []:
            name = service.text(item.get("source") if isinstance(item.data, dict) else item)
            place = service.text(item.get("target")) or name
            if (whole := place if place.startswith("/") else folder + place) not in known:
                yield whole
