"""Containers that checks start in Docker: what they may do, and what of a start that fails is the learner's."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import address, answering, socket_of
from infra_grader.capabilities.docker_network import network_of
from infra_grader.capabilities.docker_running import LOOPBACK, RunningContainer
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.capabilities.sandbox import MIB
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

NANOSECONDS = 1_000_000_000
KEPT_LOG = {"max-size": "8m", "max-file": "2"}
"""What a container that prints without end may fill of the disk."""
TMP = {"/tmp": "mode=1777,exec,size=128m"}  # noqa: S108 - inside
ONE_HOP = {"net.ipv4.ip_default_ttl": "1"}
"""Packets get as far as this machine and the run's other containers, also where somebody on the way translates them."""
CANNOT_RUN = re.compile(
    r"executable file not found|no such file or directory|permission denied|exec format error|not a directory"
    r"|unable to find (?:user|group)|no matching entries|no command specified|is a directory|exec: \""
    r"|chdir to cwd|invalid argument",
    re.IGNORECASE,
)
"""What Docker says of a container that cannot be started as its image asks for."""
OURS = re.compile(r"no space left|cannot allocate memory|resource temporarily|port is already allocated", re.IGNORECASE)
CAUSE = re.compile(r"(?:exec: |unable to find |no command|chdir |exec format ).*", re.IGNORECASE | re.DOTALL)
Network = Literal["isolated", "none", "default"]


class ContainerRequest(Record):
    """What container is started, and what it may do."""

    image: str
    """Id or name of an image that is there."""
    title: str = ""
    """What to call the image in a command that somebody else runs by hand; nothing for the same."""
    command: tuple[str, ...] = ()
    """What it runs instead of the image's own command; nothing for that one."""
    entrypoint: tuple[str, ...] | None = None
    """What it runs instead of the image's own entrypoint; empty for none at all."""
    variables: Mapping[str, str] = {}
    user: str = ""
    ports: tuple[int, ...] = ()
    """Ports of the container that are published on the loopback, each on a free one."""
    network: Network = "isolated"
    """`isolated` has no way out of this machine, `none` has nothing but the container itself."""
    alias: str = ""
    """A name by which other containers of this run reach it."""
    read_only: bool = False
    """Whether its root is read-only, but for an empty /tmp."""
    drops_capabilities: bool = False
    memory_bytes: int = 1024 * MIB
    processes: int = 512
    cpus: float = 2.0
    mounts: Mapping[str, Path] = {}
    """Files and folders of ours by their places inside, all read-only."""
    health_s: float = 1.0
    """Seconds between two runs of the image's own healthcheck; the first comes that long after the start."""

    @property
    def command_line(self) -> str:
        """What starts such a container by hand."""
        import shlex

        words = ["docker", "run", "--rm"]
        words += [word for port in self.ports[:1] for word in ("-p", f"{LOOPBACK}::{port}")]
        words += [word for name, value in self.variables.items() for word in ("-e", f"{name}={value}")]
        words += ["--network", "none"] if self.network == "none" else []
        words += ["--read-only", "--tmpfs", *TMP] if self.read_only else []
        words += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"] if self.drops_capabilities else []
        words += ["--memory", f"{self.memory_bytes // MIB}m"]
        words += [word for place, file in self.mounts.items() for word in ("-v", f"./{file.name}:{place}:ro")]
        words += ["--entrypoint", self.entrypoint[0]] if self.entrypoint else []
        return shlex.join([*words, self.title or self.image, *(self.entrypoint or ())[1:], *self.command])


class NotStartable(Exception):
    """Docker cannot start what the image, or the command, asks for; says what Docker said."""


def start(docker: LiveDocker, request: ContainerRequest, deadline: Deadline) -> RunningContainer:
    """Return a container that was started, and is removed at the end of the submission at the latest.

    Raises `NotStartable` for what the image asks for and cannot have, `NotAssessed` for what Docker cannot do here.
    """
    from docker.errors import APIError, ImageNotFound

    if request.ports and not socket_of(address()):
        raise NotAssessed(
            f"The Docker daemon at {address()} is on another machine, where published ports cannot be reached.",
            "Grade on the machine where the daemon runs.",
        )
    deadline.check()
    name = docker.name("container")
    options = _options(docker, request, image_facts(docker, request.image).get("Config") or {})
    began = time.monotonic()
    with answering():
        try:
            docker.api.create_container_from_config(options, name)
            docker.api.start(name)
        except ImageNotFound:
            raise
        except APIError as error:
            said = str(error.explanation or error)
            if OURS.search(said) or not CANNOT_RUN.search(said):
                raise
            RunningContainer(docker, name).remove()
            raise NotStartable(_cause(said)) from error
    return RunningContainer(docker, name, time.monotonic() - began)


def image_facts(docker: LiveDocker, image: str) -> Mapping[str, Any]:
    """Return what Docker says of an image. Raises `NotAssessed` if it is not there."""
    with answering():
        found: Mapping[str, Any] = docker.api.inspect_image(image)
        return found


def _options(docker: LiveDocker, request: ContainerRequest, image: Mapping[str, Any]) -> dict[str, Any]:
    """Return the container as the API takes it: the library has no words for some of it."""
    ports: dict[str, Any] = {f"{port}/tcp": {} for port in request.ports}
    options: dict[str, Any] = {
        "Image": request.image,
        "Env": [f"{name}={value}" for name, value in request.variables.items()],
        "Labels": docker.labels,
        "ExposedPorts": ports,
        "HostConfig": _host_config(docker, request),
        "Healthcheck": _healthcheck(image.get("Healthcheck"), request.health_s),
    }
    if request.command:
        options["Cmd"] = list(request.command)
    if request.entrypoint is not None:
        options["Entrypoint"] = list(request.entrypoint) or [""]
    if request.user:
        options["User"] = request.user
    if request.alias and request.network != "none":
        network = options["HostConfig"]["NetworkMode"]
        options["NetworkingConfig"] = {"EndpointsConfig": {network: {"Aliases": [request.alias]}}}
    return {name: value for name, value in options.items() if value is not None}


def _host_config(docker: LiveDocker, request: ContainerRequest) -> dict[str, Any]:
    is_alone = request.network == "none"
    return {
        "NetworkMode": "none" if request.network == "none" else network_of(docker, request.network),
        "PortBindings": {}
        if is_alone
        else {f"{port}/tcp": [{"HostIp": LOOPBACK, "HostPort": ""}] for port in request.ports},
        # Names of other hosts are not found, and that at once: nobody answers on the container's own loopback.
        "Dns": [] if request.network == "default" else [LOOPBACK],
        "DnsOptions": [] if request.network == "default" else ["timeout:1", "attempts:1"],
        "Sysctls": ONE_HOP if request.network == "isolated" else {},
        "Memory": request.memory_bytes,
        "MemorySwap": request.memory_bytes,
        "PidsLimit": request.processes,
        "NanoCpus": int(request.cpus * NANOSECONDS),
        "CapDrop": ["ALL"] if request.drops_capabilities else [],
        # Else as under a plain `docker run`: who becomes root by a setuid program there must be seen to do so here, and
        # has no more of it than an image without USER.
        "SecurityOpt": ["no-new-privileges"] if request.drops_capabilities else [],
        "ReadonlyRootfs": request.read_only,
        "Tmpfs": TMP if request.read_only else {},
        "LogConfig": {"Type": "json-file", "Config": KEPT_LOG},
        "RestartPolicy": {"Name": "no"},
        "Mounts": [
            {"Type": "bind", "Source": str(file.resolve()), "Target": place, "ReadOnly": True}
            for place, file in request.mounts.items()
        ],
    }


def _healthcheck(own: Mapping[str, Any] | None, seconds: float) -> dict[str, Any] | None:
    """Return the image's own healthcheck, run more often: its first run comes one whole interval after the start."""
    if not own or not own.get("Test") or own["Test"] == ["NONE"]:
        return None
    least = int(seconds * NANOSECONDS)
    return {**own, "Interval": min(own.get("Interval") or least, least), "StartInterval": 0}


def _cause(said: str) -> str:
    found = CAUSE.search(said)
    return (found[0] if found else said).strip().rstrip(".").removesuffix(": unknown")[:500]
