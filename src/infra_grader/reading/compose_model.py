"""What a compose project asks of the machine, by the model that compose itself makes of its files.

This is an allow-list: a key that is not known here is refused, as compose may learn it and act upon it. The model
is what `docker compose config --format json` prints, where short forms, merges, variables and tags are resolved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Model = Mapping[str, Any]
Locate = Callable[[str], str | None]
"""Gives the path in the submission of an absolute path with its links followed; `None` for what lies outside."""

KEPT = frozenset(
    {"cap_drop", "command", "configs", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_shares", "cpus",
     "cpuset", "depends_on", "deploy", "dns", "dns_opt", "dns_search", "domainname", "entrypoint", "environment",
     "expose", "extra_hosts", "group_add", "healthcheck", "hostname", "image", "init", "labels", "links",
     "mac_address", "mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit", "networks", "pids_limit",
     "platform", "ports", "read_only", "restart", "scale", "secrets", "shm_size", "stdin_open", "stop_grace_period",
     "stop_signal", "storage_opt", "sysctls", "tmpfs", "tty", "ulimits", "user", "volumes", "working_dir"}
)  # fmt: skip
"""Keys of a service that it may say and that are handed on, some of them rewritten."""
SET_ASIDE = frozenset(
    {"annotations", "attach", "build", "container_name", "develop", "env_file", "extends", "logging",
     "oom_kill_disable", "oom_score_adj", "profiles", "pull_policy"}
)  # fmt: skip
"""Keys that do no harm where they stand and are not handed on: compose has done what they say, or we do it."""
JUDGED = frozenset(
    {
        "cap_add",
        "cgroup",
        "ipc",
        "network_mode",
        "pid",
        "post_start",
        "pre_stop",
        "privileged",
        "security_opt",
        "userns_mode",
        "uts",
        "volumes_from",
    }
)
"""Keys whose value decides."""
DEVICES = frozenset({"blkio_config", "device_cgroup_rules", "devices", "gpus", "runtime"})
HOOKS = ("post_start", "pre_stop")
"""Commands that compose runs in a container of the service."""
NAMESPACES = ("network_mode", "pid", "ipc", "uts", "userns_mode", "cgroup")
SAFE_SECURITY = re.compile(r"no-new-privileges(?:[:=]true)?\Z")
DEFAULT_CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
     "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)  # fmt: skip
"""What every container has: sound files drop all, and add some of these."""
CLOCKS = frozenset({"/etc/localtime", "/etc/timezone"})
"""Files of the host that tell the time zone: asking for them is no refusal, and they are not handed over."""
SOCKET = re.compile(r"(?:docker|podman|containerd|crio)\.sock\Z|\A/(?:var/)?run/?\Z")
BUILD_KEYS = frozenset(
    {"additional_contexts", "args", "cache_from", "cache_to", "context", "dockerfile", "dockerfile_inline", "labels",
     "network", "no_cache", "platforms", "provenance", "pull", "sbom", "secrets", "shm_size", "tags", "target",
     "ulimits"}
)  # fmt: skip
"""What a build may say; our own builds hand over no secrets, whatever is said."""
NETWORK_OPTIONS = {
    "com.docker.network.driver.mtu": True,
    "com.docker.network.bridge.enable_icc": True,
    "com.docker.network.bridge.enable_ip_masquerade": False,
    "com.docker.network.bridge.host_binding_ipv4": False,
    "com.docker.network.bridge.name": False,
}
"""Options of a plain bridge, and whether they are handed on: names and addresses of the machine are not."""
MEMORY_VOLUME = re.compile(r"(?:size=[0-9]+[kmgKMG]?|mode=[0-7]{3,4}|[ug]id=[0-9]+|noexec|nosuid|nodev)")
TOP_LEVEL = frozenset({"configs", "name", "networks", "secrets", "services", "version", "volumes"})
MOST_CONTAINERS = 40
"""Containers that one project may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Something that is asked of the machine and not granted."""

    topic: str
    """As in `compose_policy.Refusal`, and `replicas`."""
    service: str
    """The service that asks for it; nothing for what stands at the top."""
    what: str


def find_asked(model: Model, locate: Locate) -> list[Asked]:
    """Return what a model asks for beyond the allow-list."""
    found = [
        Asked(topic="unknown-keys", service="", what=key)
        for key, value in model.items()
        if value and key not in TOP_LEVEL and not key.startswith("x-")
    ]
    services = model.get("services") or {}
    for name, service in services.items():
        found += [Asked(topic=topic, service=name, what=what[:200]) for topic, what in _of_service(service, locate)]
    found += _of_top_level(model, locate)
    if (count := sum(map(replicas, services.values()))) > MOST_CONTAINERS:
        found.append(Asked(topic="replicas", service="", what=f"{count} containers"))
    return found


def replicas(service: Model) -> int:
    """Return how many containers a service has."""
    said = (service.get("deploy") or {}).get("replicas")
    count = service.get("scale") if said is None else said
    return count if isinstance(count, int) and count >= 0 else 1


def may_join(service: Model, key: str) -> bool:
    """Whether the namespace that a service asks for is its own, or that of another service."""
    text = str(service.get(key) or "")
    return text in ("", "none", "bridge", "private", "shareable", "default") or text.startswith("service:")


def is_default_capability(name: object) -> bool:
    """Whether every container has this capability."""
    return str(name).upper().removeprefix("CAP_") in DEFAULT_CAPABILITIES


def mount_topic(mount: Model, locate: Locate) -> str:
    """Return why a mount of the long form is refused, or nothing."""
    kind, source = mount.get("type"), str(mount.get("source") or "")
    if kind == "tmpfs" or (kind == "volume" and "/" not in source):
        return ""
    if kind != "bind":
        return "host-paths"
    if SOCKET.search(source):
        return "docker-socket"
    return "" if source in CLOCKS or locate(source) is not None else "host-paths"


def is_own_network(network: Model) -> bool:
    """Whether a network is a plain bridge."""
    is_bridge = network.get("driver") in (None, "", "bridge", "default")
    return is_bridge and set(network.get("driver_opts") or ()) <= NETWORK_OPTIONS.keys()


def is_own_volume(volume: Model) -> bool:
    """Whether a volume is a plain local one, or lies in memory."""
    is_local = volume.get("driver") in (None, "", "local")
    return is_local and (not volume.get("driver_opts") or bool(memory_options(volume)))


def memory_options(volume: Model) -> dict[str, str]:
    """Return the options of a local volume that lies in memory; nothing for any other."""
    options = {key: str(value) for key, value in (volume.get("driver_opts") or {}).items()}
    mounting = options.get("o", "")
    is_plain = options.get("type") == "tmpfs" and options.keys() <= {"type", "device", "o"}
    return options if is_plain and all(map(MEMORY_VOLUME.fullmatch, filter(None, mounting.split(",")))) else {}


def _of_service(service: Model, locate: Locate) -> Iterator[tuple[str, str]]:
    yield from _of_keys(service)
    for key in NAMESPACES:
        if not may_join(service, key):
            yield "host-namespaces", f"{key}: {service[key]}"
    for other in service.get("volumes_from") or ():
        if str(other).startswith("container:"):
            yield "host-paths", f"volumes_from: {other}"
    for mount in service.get("volumes") or ():
        if topic := mount_topic(mount, locate):
            yield topic, f"{mount.get('source')} at {mount.get('target')}"
    yield from _of_build(service.get("build") or {}, locate)


def _of_keys(service: Model) -> Iterator[tuple[str, str]]:
    for key, value in service.items():
        if value in (None, [], {}, "") or key in KEPT | SET_ASIDE | JUDGED or key.startswith("x-"):
            continue
        yield "devices" if key in DEVICES else "unknown-keys", key
    yield from _of_rights(service)
    resources = (service.get("deploy") or {}).get("resources") or {}
    if (resources.get("reservations") or {}).get("devices"):
        yield "devices", "reserved devices"


def _of_rights(service: Model) -> Iterator[tuple[str, str]]:
    if service.get("privileged"):
        yield "privileged", "privileged"
    for key in HOOKS:
        if any(hook.get("privileged") for hook in service.get(key) or ()):
            yield "privileged", key
    for name in service.get("cap_add") or ():
        if not is_default_capability(name):
            yield "capabilities", str(name)
    for option in service.get("security_opt") or ():
        if not SAFE_SECURITY.match(str(option)):
            yield "unconfined", str(option)


def _of_build(build: Model, locate: Locate) -> Iterator[tuple[str, str]]:
    if not build:
        return
    for key, value in build.items():
        if value and key not in BUILD_KEYS and not key.startswith("x-"):
            yield "remote-builds", f"build.{key}"
    if build.get("network") not in (None, "", "none", "default"):
        yield "remote-builds", f"build.network: {build['network']}"
    context = str(build.get("context") or "")
    if locate(context) is None:
        yield ("outside-files" if context.startswith("/") else "remote-builds"), context
    for place in (build.get("additional_contexts") or {}).values():
        if not str(place).startswith("service:") and locate(str(place)) is None:
            yield ("outside-files" if str(place).startswith("/") else "remote-builds"), str(place)


def _of_top_level(model: Model, locate: Locate) -> Iterator[Asked]:
    for kind in ("networks", "volumes", "configs", "secrets"):
        for name, item in (model.get(kind) or {}).items():
            if not item:
                continue
            if item.get("external"):
                yield Asked(topic="external", service="", what=f"{kind}.{name}")
            elif (kind == "networks" and not is_own_network(item)) or (kind == "volumes" and not is_own_volume(item)):
                yield Asked(topic="drivers", service="", what=f"{kind}.{name}")
            if item.get("file") and locate(str(item["file"])) is None:
                yield Asked(topic="outside-files", service="", what=str(item["file"]))
