"""A second container like one that runs: same image, command and networks, but with files of its own.

What is mounted into the first one is copied, so that the second one can neither change it nor be changed by it; its
volumes are empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_container import KEPT_LOG
from infra_grader.capabilities.docker_files import Entry, lay_into, read_below
from infra_grader.capabilities.docker_running import LOOPBACK, RunningContainer

SAME = ("Cmd", "Entrypoint", "Env", "User", "WorkingDir")
STOP_S = 5.0
SAME_HOST = ("Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "Memory", "NanoCpus", "PidsLimit", "GroupAdd", "Ulimits")


@contextmanager
def twin_of(
    container: RunningContainer,
    more: tuple[str, ...],
    change: Callable[[str, bytes], bytes],
    port: int,
    deadline: Deadline,
) -> Iterator[RunningContainer]:
    """Yield a twin that has taken the place of a container, with all its names; that one goes on in the end.

    It gets what is mounted into the container and the files `more` of its image, each as `change` makes it of its path
    and content. Its `port` is published on the loopback.
    """
    facts = container.inspect()
    mounts = facts.get("Mounts") or ()
    entries: dict[str, Entry] = {}
    for path in (*(str(item["Destination"]) for item in mounts if item.get("Type") == "bind"), *more):
        if path not in entries:
            entries |= read_below(container, path)
    for path, entry in entries.items():
        if entry.content is not None:
            entries[path] = entry.replace(content=change(path, entry.content))
    networks = (facts.get("NetworkSettings") or {}).get("Networks") or {}
    docker = container.docker
    deadline.check()
    with ExitStack() as undoing:
        with answering():
            made = docker.api.create_container_from_config(
                _options(facts, networks, mounts, port, docker.labels), docker.name("twin")
            )["Id"]
        twin = RunningContainer(docker, made)
        undoing.callback(twin.remove)
        with answering():
            for name in list(networks)[1:]:
                docker.api.connect_container_to_network(made, name, aliases=_aliases(networks[name]))
        lay_into(twin, entries)
        undoing.callback(container.start)
        container.stop(STOP_S, deadline)
        with answering():
            docker.api.start(made)
        yield twin


def _aliases(network: Mapping[str, Any]) -> list[str]:
    return [str(name) for name in network.get("Aliases") or ()]


def _options(
    facts: Mapping[str, Any], networks: Mapping[str, Any], mounts: Any, port: int, labels: Mapping[str, str]
) -> dict[str, Any]:
    own, host = facts.get("Config") or {}, facts.get("HostConfig") or {}
    first = next(iter(networks), "none")
    ends = {first: {"Aliases": _aliases(networks[first])}} if networks else {}
    return {
        **{key: own[key] for key in SAME if own.get(key)},
        "Image": facts["Image"],
        "Labels": dict(labels),
        "ExposedPorts": {f"{port}/tcp": {}},
        "Healthcheck": {"Test": ["NONE"]},
        # Without names: they begin as the image has the folders, and go with the container.
        "Volumes": {str(item["Destination"]): {} for item in mounts if item.get("Type") != "bind"},
        "NetworkingConfig": {"EndpointsConfig": ends},
        "HostConfig": {
            **{key: host[key] for key in SAME_HOST if host.get(key)},
            "NetworkMode": first,
            "PortBindings": {f"{port}/tcp": [{"HostIp": LOOPBACK, "HostPort": ""}]},
            "SecurityOpt": ["no-new-privileges"],
            "LogConfig": {"Type": "json-file", "Config": KEPT_LOG},
            "RestartPolicy": {"Name": "no"},
        },
    }
