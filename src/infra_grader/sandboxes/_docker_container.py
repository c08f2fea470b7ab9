"""Containers of the Docker sandbox: how one is walled in, started and removed, and those that crashed graders left."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import LABEL, answering, listens
from infra_grader.capabilities.docker_owner import has_no_owner, owner_labels
from infra_grader.capabilities.sandbox import Job, Limits
from infra_grader.model.outcome import NotAssessed
from infra_grader.sandboxes._docker_group import ContainerGroup
from infra_grader.sandboxes._docker_image import Image
from infra_grader.sandboxes._docker_streams import Container
from infra_grader.sandboxes._resources import variables
from infra_grader.sandboxes._scratch import RunFolder

SANDBOX = "sandbox"
"""What the label of a sandbox's containers says."""
WORK = "/work"
OWN_PROCESSES = 1
"""The init process, which is counted with the program's."""
NANO_CPUS = 1_000_000_000


class Daemon(NamedTuple):
    """A daemon to run programs with, and how."""

    api: Any
    socket: str
    """Where it listens."""
    image: Image
    user: str
    """As whom programs run, as `uid:gid`."""
    security: tuple[str, ...]
    """Its options of security, as `docker run --security-opt` takes them."""


@contextmanager
def started(daemon: Daemon, job: Job, place: RunFolder, deadline: Deadline, *, has_stderr: bool) -> Iterator[Container]:
    """Start a job's program in a container of its own, with its streams; the container is removed in the end.

    Raises `NotAssessed` if it cannot be started, or not before the check's time is up.
    """
    api = daemon.api
    try:
        with answering():
            made = api.create_container(**_options(daemon, job, place))["Id"]
            streams = {"stdin": 1, "stdout": 1, "stderr": int(has_stderr), "stream": 1}
            attached = api.attach_socket(made, params=streams)
        connection: socket.socket = attached._sock  # noqa: SLF001 - the library has no other way to it
        try:
            with answering():
                api.start(made)
                process = api.inspect_container(made)["State"]["Pid"]
            if not deadline.remaining():
                raise NotAssessed(f"Docker took more than {deadline.seconds:g} s to start a container.")
            group = ContainerGroup(process, made)
            try:
                yield Container(api, daemon.socket, made, connection, group)
            finally:
                group.close()
        finally:
            connection.close()
            attached._response.close()  # noqa: SLF001
    finally:
        # By its name: it may be there even if we were interrupted before we learned its id.
        remove(daemon, place.name)


def _options(daemon: Daemon, job: Job, place: RunFolder) -> dict[str, Any]:
    from docker.types import Mount

    mounts = [Mount(WORK, os.fspath(place.work), type="bind")]
    for inside, mount in job.mounts.items():
        mounts.append(Mount(inside, os.path.realpath(mount.folder), type="bind", read_only=not mount.is_writable))
    return {
        "image": daemon.image.id,
        "name": place.name,
        "hostname": SANDBOX,
        "user": daemon.user,
        "entrypoint": list(job.arguments),  # as entrypoint, so that nothing of the image's own is added
        "environment": _environment(daemon.image, job),
        "working_dir": WORK,
        "stdin_open": True,
        "labels": owner_labels(place.work.parent.parent, SANDBOX),
        "host_config": daemon.api.create_host_config(
            mounts=mounts, security_opt=list(daemon.security), **_walls(job.limits)
        ),
        "healthcheck": {"test": ["NONE"]},
    }


def _walls(limits: Limits) -> dict[str, Any]:
    """Return what a program may not do, and of what it may have how much."""
    from docker.types import LogConfig, Ulimit

    ulimits = {
        "core": (0, 0),
        "cpu": (limits.cpu_s, limits.cpu_s + 1),
        "fsize": (limits.file_bytes, limits.file_bytes),
        "nofile": (limits.open_files, limits.open_files),
    }
    return {
        "network_mode": "none",
        "extra_hosts": {SANDBOX: "127.0.0.1"},  # its own name, which it would find nobody to ask for
        "dns": ["127.0.0.1"],  # else the addresses of this machine's name servers stand inside
        "read_only": True,
        "tmpfs": {"/tmp": f"size={limits.disk_bytes},mode=1777,exec"},  # noqa: S108 - inside
        "cap_drop": ["ALL"],
        "pids_limit": limits.processes + OWN_PROCESSES,
        "mem_limit": limits.memory_bytes,
        "memswap_limit": limits.memory_bytes,
        "nano_cpus": NANO_CPUS,
        "ipc_mode": "private",  # with a /dev/shm of its own, which Python's locks need
        "shm_size": limits.disk_bytes,
        "ulimits": [Ulimit(name=name, soft=soft, hard=hard) for name, (soft, hard) in ulimits.items()],
        "init": True,
        "log_config": LogConfig(type="none"),
    }


def _environment(image: Image, job: Job) -> list[str]:
    """Return the variables of a program: the image's own, what every program needs, what the job adds."""
    own = dict(line.partition("=")[::2] for line in image.variables)
    needed = variables(job.replace(variables={})) | {"PATH": own.get("PATH", variables(job)["PATH"])}
    # A name without a value takes out what the daemon would add.
    return ["HOSTNAME", *(f"{name}={value}" for name, value in {**own, **needed, **job.variables}.items())]


def remove(daemon: Daemon, name: str) -> None:
    """Remove a container if it is there, and stop what runs in it."""
    if listens(daemon.socket):
        _remove(daemon.api, name)


def remove_left(api: Any) -> None:
    """Remove the containers of graders that have ended without removing them."""
    with answering():
        found: Sequence[Mapping[str, Any]] = api.containers(all=True, filters={"label": f"{LABEL}={SANDBOX}"})
    for container in found:
        if has_no_owner(container["Labels"], container["Created"]):
            _remove(api, container["Id"])


def _remove(api: Any, name: str) -> None:
    import docker.errors

    # Another grader may be removing it at the same time (409), or it was never made.
    with suppress(NotAssessed), answering(), suppress(docker.errors.NotFound):
        api.remove_container(name, force=True, v=True)
