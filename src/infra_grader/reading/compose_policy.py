"""What a compose file may ask of the machine that it is started on: an allow-list, with the line of all else.

A file without refusals touches nothing but its own containers, networks and named volumes, and files below the
submission. Fixed host ports are no refusal: whoever starts it maps them anew. Who starts it must hand over no variables
but those of the submission, as they could lead a path elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from infra_grader.model.record import Record
from infra_grader.reading.compose import Compose, inside
from infra_grader.reading.compose_model import (
    BUILD_KEYS,
    CLOCKS,
    HOOKS,
    NETWORK_OPTIONS,
    is_default_capability,
    memory_options,
)
from infra_grader.reading.compose_service import Mount, Service
from infra_grader.reading.compose_value import UNKNOWN, Value

HARMLESS = frozenset(
    {"annotations", "attach", "build", "cap_drop", "command", "configs", "container_name", "cpu_count", "cpu_percent",
     "cpu_period", "cpu_quota", "cpu_shares", "cpus", "cpuset", "depends_on", "deploy", "develop", "dns", "dns_opt",
     "dns_search", "domainname", "entrypoint", "env_file", "environment", "expose", "extends", "extra_hosts",
     "group_add", "healthcheck", "hostname", "image", "init", "ipc", "labels", "links", "logging", "mac_address",
     "mem_limit", "mem_reservation", "mem_swappiness", "memswap_limit", "network_mode", "networks", "oom_kill_disable",
     "oom_score_adj", "pid", "pids_limit", "platform", "ports", "privileged", "profiles", "pull_policy", "read_only",
     "restart", "scale", "secrets", "security_opt", "shm_size", "stdin_open", "stop_grace_period", "stop_signal",
     "storage_opt", "tmpfs", "tty", "ulimits", "user", "userns_mode", "uts", "cgroup", "volumes", "volumes_from",
     "working_dir", "cap_add", "sysctls", *HOOKS}
)  # fmt: skip
"""Keys of a service that are looked into below, or can do no harm; every other one is refused."""
TOPICS = {
    **dict.fromkeys(("devices", "device_cgroup_rules", "gpus", "runtime", "blkio_config"), "devices"),
}
SOCKETS = re.compile(r"(?:docker|podman|containerd|crio)\.sock\Z|\A/(?:var/)?run/?\Z|\A/\Z")
SAFE_SECURITY = re.compile(r"no-new-privileges(?:[:=]true)?\Z")
REMOTE = re.compile(r"\A(?:https?|git|ssh|oci|docker-image|ftp)[:@]|\Agithub\.com/|\.git(?:#|\Z)")


class Refusal(Record):
    """Something that is asked of the machine and not granted."""

    topic: str
    """`privileged`, `capabilities`, `devices`, `host-namespaces`, `docker-socket`, `host-paths`, `outside-files`,
    `remote-builds`, `external`, `drivers`, `unconfined` or `unknown-keys`."""
    service: str
    """The service that asks for it; nothing for what stands at the top."""
    what: str
    """What it asks for, as written."""
    value: Value
    """Where it stands."""


def find_refusals(compose: Compose, folder: Path) -> list[Refusal]:
    """Return what a compose file asks for beyond the allow-list, services without a profile or with one alike.

    `folder` is the submission's: a path of it that is a link is followed, and refused where it leads out.
    """
    found = [item for service in compose.services.values() for item in _of_links(service, folder)]
    found += [refusal for service in compose.services.values() for refusal in _of_service(service)]
    found += _of_top_level(compose)
    found += [_refusal("outside-files", "", broken.what, broken.value) for broken in compose.broken]
    return sorted(found, key=lambda item: (item.value.file, item.value.line))


def _refusal(topic: str, service: str, what: str, value: Value) -> Refusal:
    return Refusal(topic=topic, service=service, what=what[:200], value=value)


def _of_service(service: Service) -> Iterator[Refusal]:
    yield from _keys(service)
    yield from _namespaces(service)
    yield from _files(service)
    yield from _build(service)


def _keys(service: Service) -> Iterator[Refusal]:
    """Yield the keys that are not harmless, and the values of those that may be."""
    for key, value in service.value.items():
        if key not in HARMLESS and not key.startswith("x-"):
            yield _refusal(TOPICS.get(key, "unknown-keys"), service.name, key, value)
    yield from _rights(service)
    reserved = service.value.get("deploy", "resources", "reservations", "devices")
    if reserved is not None and reserved.data:
        yield _refusal("devices", service.name, "reserved devices", reserved)


def _rights(service: Service) -> Iterator[Refusal]:
    """Yield what gives its programs more rights than every container has."""
    privileged = service.value.get("privileged")
    if privileged is not None and privileged.data is not False:
        yield _refusal("privileged", service.name, "privileged", privileged)
    for key in HOOKS:
        for hook in _values(service.value.get(key)):
            if isinstance(hook.data, dict) and hook.at("privileged") not in (None, False):
                yield _refusal("privileged", service.name, key, hook)
    for name in _values(service.value.get("cap_add")):
        if not is_default_capability(service.text(name)):
            yield _refusal("capabilities", service.name, service.text(name), name)
    for option in _values(service.value.get("security_opt")):
        if not SAFE_SECURITY.match(service.text(option)):
            yield _refusal("unconfined", service.name, service.text(option), option)


def _values(value: Value | None) -> list[Value]:
    return [] if value is None else value.values()


def _files(service: Service) -> Iterator[Refusal]:
    """Yield the mounts and the files of variables that lead out of the submission."""
    for mount in service.mounts:
        if topic := _mount_topic(mount):
            what = f"{mount.source} at {mount.target}"
            yield _refusal(topic, service.name, what, mount.value)
    for other in _values(service.value.get("volumes_from")):
        if service.text(other).startswith("container:"):
            yield _refusal("host-paths", service.name, f"volumes_from: {service.text(other)}", other)
    for file in service.env_files:
        if not inside(file.folder, service.text(file)):
            yield _refusal("outside-files", service.name, service.text(file), file)


def _of_links(service: Service, folder: Path) -> Iterator[Refusal]:
    """Yield the paths inside of the submission that are links out of it."""
    build = service.build
    named = [(mount.source, mount.value) for mount in service.mounts if mount.kind == "bind"]
    named += [(service.text(file), file) for file in service.env_files]
    if build is not None:
        named += [(build.context, build.value), (f"{build.context}/{build.dockerfile}", build.value)]
    top = os.path.realpath(folder)
    for path, value in named:
        place = inside(value.folder, path)
        real = os.path.realpath(os.path.join(top, place)) if place else top
        if real != top and not real.startswith(top + os.sep):
            yield _refusal("outside-files", service.name, path, value)


def _namespaces(service: Service) -> Iterator[Refusal]:
    """Yield the namespaces of the host, or of containers that are not its own, that a service joins."""
    for key in ("network_mode", "pid", "ipc", "uts", "userns_mode", "cgroup"):
        value = service.value.get(key)
        text = service.text(value)
        is_own = text in ("", "none", "bridge", "default", "private", "shareable") or text.startswith("service:")
        if value is not None and not is_own:
            yield _refusal("host-namespaces", service.name, f"{key}: {text}", value)


def _mount_topic(mount: Mount) -> str:
    """Return why a mount is refused, or nothing."""
    if UNKNOWN in mount.source:
        return "host-paths"
    is_named = mount.kind in ("volume", "tmpfs") and not mount.source.startswith(("/", ".", "~"))
    if is_named or mount.source in CLOCKS:
        return ""
    if SOCKETS.search(mount.source):
        return "docker-socket"
    if mount.kind not in ("bind", "volume"):
        return "host-paths"
    if not inside(mount.value.folder, mount.source):
        return "host-paths"
    return ""


def _build(service: Service) -> Iterator[Refusal]:
    build = service.build
    if build is None:
        return
    place = build.value.get("context") or build.value
    if REMOTE.search(build.context):
        yield _refusal("remote-builds", service.name, build.context, place)
    elif not inside(place.folder, build.context):
        yield _refusal("outside-files", service.name, build.context, place)
    elif not inside(place.folder, f"{build.context}/{build.dockerfile}"):
        yield _refusal("outside-files", service.name, build.dockerfile, place)
    for key, value in build.value.items() if isinstance(build.value.data, dict) else ():
        if key not in BUILD_KEYS - {"cache_to", "network"} and not (
            key == "network" and service.text(value) in ("none", "default")
        ):
            yield _refusal("remote-builds", service.name, f"build.{key}", value)
    contexts = build.value.get("additional_contexts")
    for _, value in contexts.items() if contexts is not None else ():
        text = service.text(value)
        if not text.startswith("service:") and not inside(value.folder, text):
            yield _refusal("outside-files", service.name, text, value)


def _of_top_level(compose: Compose) -> Iterator[Refusal]:
    for kind in ("networks", "volumes", "configs", "secrets"):
        for name, value in compose.top(kind).items():
            if not isinstance(value.data, dict):
                continue
            if value.at("external") not in (None, False):
                yield _refusal("external", "", f"{kind}.{name}", value)
            if (value.at("driver") or "bridge") not in ("bridge", "local", "overlay") or not _has_own_options(value):
                yield _refusal("drivers", "", f"{kind}.{name}", value)
            file = value.get("file")
            if file is not None and not inside(file.folder, file.text):
                yield _refusal("outside-files", "", file.text, file)


def _has_own_options(value: Value) -> bool:
    """Whether the options of a driver ask for nothing of the machine."""
    options = value.at("driver_opts")
    if not isinstance(options, dict):
        return not options
    return set(options) <= NETWORK_OPTIONS.keys() or bool(memory_options(value.data))
