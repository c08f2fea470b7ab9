"""The model of a compose project as we start it: nothing of the host in it, and all of it labelled as ours.

What comes out is put together from what is known, not cleared of what is bad. What `compose_model.find_asked` finds
must have been refused before, or its topic be among those that are rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra_grader.model.record import Record
from infra_grader.reading.compose_binds import Binds
from infra_grader.reading.compose_model import (
    CLOCKS,
    HOOKS,
    KEPT,
    MOST_CONTAINERS,
    NAMESPACES,
    NETWORK_OPTIONS,
    SAFE_SECURITY,
    Locate,
    Model,
    is_default_capability,
    may_join,
    memory_options,
    mount_topic,
    replicas,
)
from infra_grader.reading.dockerfile_health import read_seconds

LOOPBACK = "127.0.0.1"
OUR_LABELS = "infra-grader"
INTERVAL_S = 1.0
"""Seconds between the questions of a health check, where the file wants more."""
USUAL_INTERVAL_S, USUAL_RETRIES = 30.0, 3
LOGGING = {"driver": "json-file", "options": {"max-size": "4m", "max-file": "2"}}
MASQUERADE = {"com.docker.network.bridge.enable_ip_masquerade": "false"}
NO_NAMES = {"dns": [LOOPBACK], "dns_opt": ["timeout:1", "attempts:1"], "dns_search": []}
"""Names of other hosts are not found, and that at once: nobody answers on a container's own loopback."""
JOINED = frozenset({"depends_on", "links", "networks", "ports", "volumes_from"})
"""Keys by which a service meets others; nothing of them is handed on as it stands."""
OF_A_NETWORK = ("aliases", "ipv4_address", "ipv6_address", "link_local_ips", "mac_address", "priority")
OF_A_HOOK = ("command", "user", "working_dir", "environment")
OF_A_MOUNT = ("type", "source", "target", "read_only")
OF_THE_MACHINE = frozenset({"/", "/proc", "/sys", "/dev/disk", "/var/log", "/var/lib/docker"})
"""Folders by which programs look at the machine: in their place lies an empty one."""
PORT = re.compile(r"([0-9]{1,5})(?:/tcp)?\Z")


class Start(Record):
    """What a project is started with."""

    project: str
    """Its name, of ours."""
    labels: Mapping[str, str]
    images: Mapping[str, str]
    """The image of each service that is started."""
    binds: Binds
    memory_bytes: int
    """Memory of a service that states no limit."""
    pids: int
    exposed: Mapping[str, tuple[int, ...]] = {}
    """The TCP ports that the image of a service names."""
    health: Mapping[str, Mapping[str, Any]] = {}
    """The health check that the image of a service brings, in compose's words."""
    files: Mapping[str, str] = {}
    """Where the files of configs and secrets lie, by their paths in the submission, or as `$NAME` of a setting."""
    reaches_out: bool = False
    """Whether containers reach beyond this machine."""


def rewrite(model: Model, start: Start, locate: Locate) -> dict[str, Any]:
    """Return the model to start, for a compose file of ours; dollar signs are escaped in it."""
    services = {
        name: _service(name, service, start, locate)
        for name, service in (model.get("services") or {}).items()
        if name in start.images
    }
    joined = sorted({name for service in services.values() for name in service.get("networks") or ()})
    declared = model.get("networks") or {}
    made: dict[str, Any] = {
        "name": start.project,
        "services": services,
        "networks": {name: _network(name, declared.get(name) or {}, start) for name in joined},
        "volumes": {name: _volume(name, item or {}, start) for name, item in (model.get("volumes") or {}).items()},
    }
    for kind in ("configs", "secrets"):
        made[kind] = {name: _file(name, item or {}, start, locate) for name, item in (model.get(kind) or {}).items()}
    whole: dict[str, Any] = escaped(made)
    return whole


def escaped(value: Any) -> Any:
    """Return plain data with the dollar signs of its texts doubled, so that compose takes them as they are."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: escaped(item) for key, item in value.items()}
    return [escaped(item) for item in value] if isinstance(value, list) else value


def find_clashes(model: Model) -> list[tuple[str, str, str]]:
    """Return services that publish a port of the host that one before them has: service, other service, port."""
    taken: dict[tuple[str, str], list[tuple[str, str]]] = {}
    found: list[tuple[str, str, str]] = []
    for name, service in (model.get("services") or {}).items():
        for port in service.get("ports") or ():
            number, address = str(port.get("published") or ""), str(port.get("host_ip") or "")
            if not number.isdigit() or number == "0":
                continue
            others = taken.setdefault((number, str(port.get("protocol") or "tcp")), [])
            clash = next((other for other, at in others if not at or not address or at == address), None)
            if clash is not None or replicas(service) > 1:
                found.append((name, name if clash is None else clash, number))
            others.append((name, address))
    return found


def tcp_ports(service: Model) -> dict[int, bool]:
    """Return the TCP ports of a service that a file names, each with whether it is published."""
    found = {
        number: False
        for item in service.get("expose") or ()
        for number in _number(str(item))
        if not isinstance(item, bool)
    }
    for port in service.get("ports") or ():
        if str(port.get("protocol") or "tcp") == "tcp" and isinstance(port.get("target"), int):
            found[port["target"]] = True
    return found


def _number(text: str) -> Iterator[int]:
    if found := PORT.match(text):
        yield int(found[1])


def _service(name: str, service: Model, start: Start, locate: Locate) -> dict[str, Any]:
    made = {key: value for key, value in service.items() if key in KEPT - JOINED and value is not None}
    made["image"] = start.images[name]
    made["labels"] = _labels(service.get("labels"), start)
    made["logging"] = LOGGING
    made["pull_policy"] = "never"
    made["volumes"] = list(_mounts(service, start, locate))
    if deploy := made.get("deploy"):
        made["deploy"] = _deploy(deploy)
    if "scale" in made:
        made["scale"] = min(replicas(service), MOST_CONTAINERS)
    if capabilities := [item for item in service.get("cap_add") or () if is_default_capability(item)]:
        made["cap_add"] = capabilities
    if options := [item for item in service.get("security_opt") or () if SAFE_SECURITY.match(str(item))]:
        made["security_opt"] = options
    for key in HOOKS:
        if hooks := service.get(key):
            made[key] = [{name: hook[name] for name in OF_A_HOOK if hook.get(name)} for hook in hooks]
    made |= _joined(name, service, start)
    made |= _limits(made, start)
    if health := _health(service.get("healthcheck"), start.health.get(name)):
        made["healthcheck"] = health
    return made


def _joined(name: str, service: Model, start: Start) -> dict[str, Any]:
    """Return what a service shares with others: namespaces, networks, ports, and whom it waits for."""
    made: dict[str, Any] = {
        key: str(service[key])
        for key in NAMESPACES
        if service.get(key) and may_join(service, key) and _is_started(str(service[key]), start)
    }
    if made.get("network_mode") in ("bridge", "default"):  # the network of all containers of the machine
        del made["network_mode"]
    if "network_mode" not in made:
        made["networks"] = _networks(service)
        made["ports"] = _ports(name, service, start)
        made |= {} if start.reaches_out else NO_NAMES
    made["depends_on"] = {
        other: how for other, how in (service.get("depends_on") or {}).items() if other in start.images
    }
    for key in ("links", "volumes_from"):
        others = [str(item) for item in service.get(key) or ()]
        if kept := [item for item in others if item.partition(":")[0] in start.images]:
            made[key] = kept
        elif others:
            made[key] = []
    return made


def _is_started(mode: str, start: Start) -> bool:
    kind, _, other = mode.partition(":")
    return kind != "service" or other in start.images


def _networks(service: Model) -> dict[str, Any]:
    """Return the networks of a service; the name that it wanted for its container is another name for it there."""
    wanted = service.get("container_name")
    made: dict[str, Any] = {}
    for name, options in (service.get("networks") or {"default": None}).items():
        kept = {key: value for key, value in (options or {}).items() if key in OF_A_NETWORK and value}
        if wanted:
            kept["aliases"] = [*kept.get("aliases", ()), wanted]
        made[name] = kept or None
    return made


def _ports(name: str, service: Model, start: Start) -> list[dict[str, Any]]:
    """Return the ports, each at a free port of the loopback: published ones, and those that are only named."""
    found = dict.fromkeys(("tcp", port) for port in tcp_ports(service))
    found |= dict.fromkeys(("tcp", port) for port in start.exposed.get(name, ()))
    found |= dict.fromkeys(
        (str(port["protocol"]), port["target"])
        for port in service.get("ports") or ()
        if port.get("protocol") not in (None, "tcp") and isinstance(port.get("target"), int)
    )
    return [
        {"mode": "ingress", "host_ip": LOOPBACK, "target": target, "protocol": protocol} for protocol, target in found
    ]


def _mounts(service: Model, start: Start, locate: Locate) -> Iterator[dict[str, Any]]:
    mounts = service.get("volumes") or ()
    own = [mount for mount in mounts if not mount_topic(mount, locate)]
    targets = {mount.get("target") for mount in own}
    # Programs that look at the machine end where the folder is missing, and only see nothing where it is empty.
    asked = {str(mount["target"]) for mount in mounts if _looks_at_machine(mount, locate)}
    yield from ({"type": "tmpfs", "target": target, "read_only": True} for target in sorted(asked - targets))
    for mount in own:
        if mount.get("type") != "bind":
            kept = {key: mount[key] for key in OF_A_MOUNT if mount.get(key)}
            options = mount.get(str(mount["type"])) or {}
            yield kept | ({str(mount["type"]): options} if options else {})
        elif mount.get("source") not in CLOCKS:
            path = locate(str(mount.get("source"))) or "."
            first, *inner = start.binds.mounts(mount, path)
            yield first
            yield from (item for item in inner if item["target"] not in targets)


def _looks_at_machine(mount: Model, locate: Locate) -> bool:
    """Whether a mount is set aside that shows a service the machine itself, without letting it write there."""
    is_shown = mount.get("type") == "bind" and mount.get("source") in OF_THE_MACHINE and bool(mount.get("read_only"))
    return is_shown and mount.get("target") not in OF_THE_MACHINE and bool(mount_topic(mount, locate))


def _deploy(deploy: Mapping[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in deploy.items() if key in ("replicas", "resources", "restart_policy")}
    if isinstance(made.get("replicas"), int):
        made["replicas"] = min(made["replicas"], MOST_CONTAINERS)
    if resources := made.get("resources"):
        made["resources"] = {
            part: {
                key: value for key, value in (resources.get(part) or {}).items() if key in ("cpus", "memory", "pids")
            }
            for part in ("limits", "reservations")
        }
    return made


def _limits(service: Mapping[str, Any], start: Start) -> dict[str, Any]:
    """Return limits where none are stated, in the place that the service uses: compose refuses both at once."""
    deploy = service.get("deploy") or {}
    resources = deploy.get("resources") or {}
    stated = {key: value for key, value in (resources.get("limits") or {}).items() if value}
    has_memory = service.get("mem_limit") or stated.get("memory")
    has_pids = service.get("pids_limit") or stated.get("pids")
    if not stated:
        made = {} if has_memory else {"mem_limit": str(start.memory_bytes)}
        return made if has_pids else made | {"pids_limit": start.pids}
    stated |= {} if has_memory else {"memory": str(start.memory_bytes)}
    stated |= {} if has_pids else {"pids": start.pids}
    return {"deploy": {**deploy, "resources": {**resources, "limits": stated}}}


def _health(said: Mapping[str, Any] | None, of_image: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a health check that asks soon and often, and gives up no earlier than the file's own would."""
    whole = {**(of_image or {}), **{key: value for key, value in (said or {}).items() if value is not None}}
    if whole.get("disable") or not whole.get("test"):
        return {"disable": True} if whole.get("disable") else {}
    interval = read_seconds(str(whole.get("interval") or "")) or USUAL_INTERVAL_S
    retries = int(whole.get("retries") or USUAL_RETRIES)
    grace = (read_seconds(str(whole.get("start_period") or "")) or 0.0) + interval * retries
    made = {"test": whole["test"], "interval": _span(min(interval, INTERVAL_S)), "retries": retries}
    if whole.get("timeout"):
        made["timeout"] = whole["timeout"]
    return made | {"start_period": _span(grace)}


def _span(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"


def _labels(said: Mapping[str, Any] | None, start: Start) -> dict[str, str]:
    kept = {key: str(value) for key, value in (said or {}).items() if not key.startswith((OUR_LABELS, "com.docker."))}
    return kept | dict(start.labels)


def _named(name: str, start: Start) -> dict[str, Any]:
    return {"name": f"{start.project}_{name}", "labels": dict(start.labels)}


def _volume(name: str, volume: Model, start: Start) -> dict[str, Any]:
    made = _named(name, start)
    options = memory_options(volume)
    return made | {"driver": "local", "driver_opts": options} if options else made


def _network(name: str, network: Model, start: Start) -> dict[str, Any]:
    made = _named(name, start) | {"driver": "bridge"}
    made |= {key: network[key] for key in ("internal", "enable_ipv6", "attachable", "ipam") if network.get(key)}
    said = network.get("driver_opts") or {}
    options = {key: str(value) for key, value in said.items() if NETWORK_OPTIONS.get(key)}
    options |= {} if start.reaches_out else MASQUERADE
    return made | {"driver_opts": options} if options else made


def _file(name: str, item: Model, start: Start, locate: Locate) -> dict[str, Any]:
    made = {"name": f"{start.project}_{name}"}
    if item.get("file"):
        return made | {"file": start.files[locate(str(item["file"])) or ""]}
    if item.get("environment"):
        return made | {"file": start.files[f"${item['environment']}"]}
    return made | {key: item[key] for key in ("content",) if item.get(key)}
