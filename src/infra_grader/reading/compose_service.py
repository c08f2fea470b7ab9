"""One service of a compose file: its short and long forms brought to one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice

import msgspec

from infra_grader.model.record import Record
from infra_grader.reading.compose_value import UNKNOWN, InterpolationError, Value, fill
from infra_grader.reading.dockerfile_reference import Reference, read_reference
from infra_grader.reading.dockerfile_shell import ShellCommand, shell_commands, unwrap

MAX_PORTS = 2000
DRIVE = re.compile(r"[A-Za-z]:[\\/]")


class Port(Record):
    """A port that is published."""

    published: str
    """On the host; nothing for any, a question mark where it hangs on an unknown variable."""
    target: str
    """In the container."""
    protocol: str
    address: str
    """Of the host; nothing for all."""
    value: Value


class Mount(Record):
    """Something that is mounted into the container."""

    kind: str
    """`volume`, `bind`, `tmpfs` or another type of the long form."""
    source: str
    """A volume's name or a path; nothing for an anonymous volume."""
    target: str
    is_read_only: bool
    value: Value


class Build(Record):
    """How the image is built."""

    context: str
    dockerfile: str
    """Relative to the context; `Dockerfile` where nothing is said."""
    target: str
    is_inline: bool
    value: Value


class Service(Record):
    """A service, with what it extends."""

    name: str
    value: Value
    settings: Mapping[str, str] = msgspec.field(default_factory=dict)
    """What variables stand for."""
    named_profiles: frozenset[str] = frozenset()
    """The profiles with which the project is started."""

    def text(self, value: Value | None) -> str:
        """Return a scalar with its variables filled in; as written where that is not possible."""
        if value is None:
            return ""
        try:
            return fill(value.text, self.settings.get)
        except InterpolationError:
            return value.text

    @property
    def line(self) -> int:
        """Where it starts."""
        return self.value.line

    @property
    def file(self) -> str:
        """The file in which it starts."""
        return self.value.file

    @property
    def image(self) -> Reference | None:
        """The image that it is started from, if one is named."""
        found = self.text(self.value.get("image"))
        return read_reference(found) if found else None

    @property
    def build(self) -> Build | None:
        """How its image is built, if it is."""
        value = self.value.get("build")
        if value is None or value.data in (None, "", {}):
            return None
        is_long = isinstance(value.data, dict)
        context = self.text(value.get("context")) if is_long else self.text(value)
        return Build(
            context=context or ".",
            dockerfile=(self.text(value.get("dockerfile")) if is_long else "") or "Dockerfile",
            target=self.text(value.get("target")) if is_long else "",
            is_inline=is_long and value.get("dockerfile_inline") is not None,
            value=value,
        )

    @property
    def profile(self) -> str:
        """A profile without which it is not started; nothing where it needs none, or one of its own is named."""
        value = self.value.get("profiles")
        own = [self.text(item) for item in value.values()] if value else []
        return "" if not own or self.named_profiles & {*own, "*"} or UNKNOWN in own else own[0]

    @property
    def set_aside(self) -> str:
        """Why `docker compose up` leaves it aside, as a clause; nothing where it does not."""
        if self.profile:
            return f"only under the profile {self.profile}"
        counts = (self.value.at("deploy", "replicas"), self.value.at("scale"))
        is_none = any(number in (0, "0") and number is not False for number in counts)
        return "with no replica" if is_none else ""

    @property
    def is_active(self) -> bool:
        """Whether `docker compose up` starts it."""
        return (self.image is not None or self.build is not None) and not self.set_aside

    @property
    def ports(self) -> list[Port]:
        """What it publishes, ranges as written out."""
        value = self.value.get("ports")
        found = (port for item in (value.values() if value else []) for port in self._ports(item))
        return list(islice(found, MAX_PORTS))

    def _ports(self, item: Value) -> list[Port]:
        if isinstance(item.data, dict):
            protocol = self.text(item.get("protocol")) or "tcp"
            target, published = self.text(item.get("target")), self.text(item.get("published"))
            address = self.text(item.get("host_ip"))
        else:
            whole, _, protocol = self.text(item).partition("/")
            address, published, target = split_port(whole)
        targets, hosts = _range(target), _range(published)
        if len(hosts) != len(targets):
            hosts = [published] * len(targets)
        return [
            Port(published=host, target=inner, protocol=protocol or "tcp", address=address, value=item)
            for host, inner in zip(hosts, targets, strict=True)
        ]

    @property
    def mounts(self) -> list[Mount]:
        """What is mounted into it; of two at one place, the later one."""
        value = self.value.get("volumes")
        found = {mount.target: mount for mount in (self._mount(item) for item in (value.values() if value else []))}
        tmpfs = self.value.get("tmpfs")
        for item in tmpfs.values() if tmpfs else []:
            target = self.text(item).partition(":")[0]
            found[target] = Mount(kind="tmpfs", source="", target=target, is_read_only=False, value=item)
        return list(found.values())

    def _mount(self, item: Value) -> Mount:
        if isinstance(item.data, dict):
            return Mount(
                kind=self.text(item.get("type")) or "volume",
                source=self.text(item.get("source")) or self.text(item.get("src")),
                target=(self.text(item.get("target")) or self.text(item.get("destination"))).rstrip("/") or "/",
                is_read_only=item.at("read_only") is True,
                value=item,
            )
        source, target, mode = split_mount(self.text(item))
        is_path = source.startswith((".", "/", "~", "\\")) or DRIVE.match(source) is not None
        return Mount(
            kind="bind" if is_path else "volume",
            source=source,
            target=target.rstrip("/") or "/",
            is_read_only="ro" in mode.split(","),
            value=item,
        )

    @property
    def depends_on(self) -> dict[str, tuple[str, Value]]:
        """The services that are started before it, each with the condition that it waits for."""
        value = self.value.get("depends_on")
        found = dict(value.items()) if value is not None and isinstance(value.data, dict) else {}
        return {name: (self.text(item.get("condition")) or "service_started", item) for name, item in found.items()}

    @property
    def networks(self) -> dict[str, Value]:
        """The networks that it joins; `default` where it names none and has no other mode."""
        value = self.value.get("networks")
        if value is not None and isinstance(value.data, dict) and value.data:
            return dict(value.items())
        return {} if self.value.get("network_mode") else {"default": self.value}

    @property
    def environment(self) -> dict[str, Value]:
        """The variables that it is given in the file itself."""
        value = self.value.get("environment")
        return dict(value.items()) if value is not None and isinstance(value.data, dict) else {}

    @property
    def env_files(self) -> list[Value]:
        """The values that name its files of variables."""
        value = self.value.get("env_file")
        items = value.values() if value else []
        return [item.get("path") or item if isinstance(item.data, dict) else item for item in items]

    @property
    def restart(self) -> tuple[str, Value | None]:
        """Its restart policy in the words of `restart`, and where it stands; nothing where it has none."""
        value = self.value.get("restart")
        if value is not None:
            return self.text(value).partition(":")[0], value
        value = self.value.get("deploy", "restart_policy", "condition") or self.value.get("deploy", "restart_policy")
        if value is None:
            return "", None
        return {"none": "no", "on-failure": "on-failure"}.get(self.text(value), "always"), value

    def limit(self, resource: str) -> Value | None:
        """Return the limit of `memory` or `cpus`, in any of the places for it."""
        short = {"memory": "mem_limit", "cpus": "cpus", "pids": "pids_limit"}[resource]
        return self.value.get("deploy", "resources", "limits", resource) or self.value.get(short)

    @property
    def healthcheck(self) -> Value | None:
        """Its health check, also one that is switched off."""
        return self.value.get("healthcheck")

    @property
    def is_healthcheck_off(self) -> bool:
        """Whether it switches off the health check of its image."""
        test = self.value.at("healthcheck", "test")
        return self.value.at("healthcheck", "disable") is True or test in ("NONE", ["NONE"])

    def probe_commands(self) -> list[ShellCommand] | None:
        """Return the commands of its health check, or `None` where it has none of its own."""
        value = self.value.get("healthcheck", "test")
        if value is None or self.is_healthcheck_off or not value.data:
            return None
        if not isinstance(value.data, list):
            return _script(self.text(value), value.line)
        kind, *words = (self.text(item) for item in value.values())
        if kind == "CMD":
            return unwrap(words, value.line)
        return _script(" ".join(words), value.line) if kind == "CMD-SHELL" else []

    def words(self, key: str) -> list[str]:
        """Return the words of `command` or `entrypoint`."""
        value = self.value.get(key)
        if value is None:
            return []
        if isinstance(value.data, list):
            return [self.text(item) for item in value.values()]
        return [word for command in _script(self.text(value), value.line) for word in command.words]


def _script(text: str, line: int) -> list[ShellCommand]:
    return shell_commands(text, lambda _: line)


def split_port(text: str) -> tuple[str, str, str]:
    """Return address, published and target of a port's short form without its protocol."""
    rest, _, target = text.rpartition(":")
    if rest.startswith("[") and "]" in rest:
        address, _, published = rest.partition("]")
        return address + "]", published.lstrip(":"), target
    address, _, published = rest.rpartition(":")
    if not address and "." in published:
        return published, "", target
    return address, published, target


def split_mount(text: str) -> tuple[str, str, str]:
    """Return source, target and options of a volume's short form."""
    start = 2 if DRIVE.match(text) else 0
    parts = text[start:].split(":")
    parts[0] = text[:start] + parts[0]
    if len(parts) == 1:
        return "", parts[0], ""
    return parts[0], parts[1], ",".join(parts[2:])


def _range(text: str) -> list[str]:
    first, sign, last = text.partition("-")
    if sign and first.isdigit() and last.isdigit() and 0 <= int(last[:6]) - int(first[:6]) <= 1000:
        return [str(number) for number in range(int(first), int(last) + 1)]
    return [text]


def is_same_port(found: str, wanted: Sequence[str]) -> bool:
    """Whether a port is one of those asked for; one that hangs on an unknown variable may be any."""
    return found in wanted or UNKNOWN in found
