"""What compose refuses though the schema lets it pass: texts that are no number, size, time or port, and what clashes.

Texts that hold a variable are let pass, as only compose knows what it will be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import NamedTuple

from infra_grader.reading.compose import Compose
from infra_grader.reading.compose_value import Value

DURATION = re.compile(r"0|-?(?:[0-9]*\.?[0-9]+(?:ns|us|µs|ms|[smhdw]))+")
SIZE = re.compile(r"(?P<number>[0-9]*\.?[0-9]+) ?(?:(?P<unit>[kmgtp])(?:i?b)?|b)?", re.IGNORECASE)
INTEGER = re.compile(r"[+-]?[0-9]+")
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?", re.IGNORECASE)
BOOLEAN = re.compile(r"true|false|yes|no|on|off|y|n", re.IGNORECASE)
PORT = re.compile(
    r"(?:(?:(?P<ip>\[[^]]+\]|[0-9a-f:]*::[0-9a-f:]*|[0-9.]*\.[0-9.]*):)?(?P<host>[0-9]{1,5}(?:-[0-9]{1,5})?)?:)?"
    r"(?P<container>[0-9]{1,5}(?:-[0-9]{1,5})?)(?:/(?:tcp|udp|sctp))?",
    re.IGNORECASE,
)
DRIVE = re.compile(r"(?:(?<=:)|\A)[A-Za-z]:(?=[\\/])")
LAST_PORT = 65535
MOST_READ = 500
"""Signs of a text; no number, port or mount is longer."""


class Form(NamedTuple):
    """How the values at some places must be worded."""

    expected: str
    is_so: Callable[[str], object]
    places: tuple[str, ...]
    """Paths below a service; `*` stands for any key."""


def _is_port(text: str) -> bool:
    """Whether a text publishes a port, or as many of the host as of the container."""
    found = PORT.fullmatch(text)
    if found is None:
        return False
    try:
        ip_address((found["ip"] or "::").strip("[]"))
    except ValueError:
        return False
    host, container = (_range(found[side]) for side in ("host", "container"))
    is_known = container.start > 0 and max(host.stop, container.stop) <= LAST_PORT + 1
    is_as_many = len(container) == 1 or not found["host"] or len(host) == len(container)
    return is_known and len(container) > 0 and is_as_many


def _amount(data: object) -> float | None:
    """Return a number or a size in bytes; `None` for what is none, or is a variable."""
    found = SIZE.fullmatch(str(data)[:MOST_READ])
    if found is None:
        return None
    return float(found["number"]) * float(1024 ** "bkmgtp".find((found["unit"] or "b").lower()))


def _range(text: str | None) -> range:
    first, _, last = (text or "0").partition("-")
    return range(int(first), int(last or first) + 1)


def _is_mount(text: str) -> bool:
    parts = DRIVE.sub("", text).split(":")
    return len(parts) <= 3 and all(parts)


FORMS = (
    Form(
        "true or false",
        BOOLEAN.fullmatch,
        ("privileged", "read_only", "tty", "stdin_open", "init", "oom_kill_disable", "healthcheck.disable"),
    ),
    Form(
        "a whole number",
        INTEGER.fullmatch,
        (
            *("scale", "pids_limit", "oom_score_adj", "cpu_shares", "cpu_count", "cpu_period", "cpu_quota"),
            *("healthcheck.retries", "deploy.replicas", "deploy.*.parallelism", "deploy.restart_policy.max_attempts"),
            *("deploy.placement.max_replicas_per_node", "deploy.resources.limits.pids", "ports.*.target"),
            *("ulimits.*", "ulimits.*.soft", "ulimits.*.hard"),
        ),
    ),
    Form("a number", NUMBER.fullmatch, ("cpus", "deploy.resources.*.cpus", "deploy.*.max_failure_ratio")),
    Form(
        "a size such as 512m",
        SIZE.fullmatch,
        (
            *("mem_limit", "mem_reservation", "memswap_limit", "shm_size", "mem_swappiness", "build.shm_size"),
            *("deploy.resources.*.memory", "volumes.*.tmpfs.size"),
        ),
    ),
    Form(
        "a time such as 30s",
        DURATION.fullmatch,
        (
            *("stop_grace_period", "healthcheck.interval", "healthcheck.timeout", "healthcheck.start_period"),
            *("healthcheck.start_interval", "deploy.*.delay", "deploy.*.monitor", "deploy.*.window"),
        ),
    ),
    Form("HOST:CONTAINER in numbers up to 65535", _is_port, ("ports.*",)),
    Form("SOURCE:TARGET:MODE", _is_mount, ("volumes.*",)),
)
EXCLUSIVE = (
    ("", "network_mode", "networks"),
    ("build", "dockerfile", "dockerfile_inline"),
    ("deploy.resources.reservations.devices.*", "count", "device_ids"),
)
"""Path below a service, and two keys of which compose takes only one."""
TWICE = (
    ("mem_limit", "deploy.resources.limits", "memory"),
    ("cpus", "deploy.resources.limits", "cpus"),
    ("pids_limit", "deploy.resources.limits", "pids"),
    ("mem_reservation", "deploy.resources.reservations", "memory"),
)
"""A key of the service, and where the same is said again: compose wants both alike once that place is there."""
ORIGINS = {"configs": ("file", "environment", "content"), "secrets": ("file", "environment")}
"""Where configs and secrets come from: by one of these ways."""
OF_THE_OWNER = ("driver", "driver_opts", "labels")
"""What only those who make a volume can say of it, not those who find it there."""


def refused(compose: Compose) -> Iterator[tuple[Value, str]]:
    """Yield what compose would refuse though the schema does not, with the place where it stands."""
    for service in compose.services.values():
        for form in FORMS:
            for place in form.places:
                yield from _misworded(service.value, place, form)
        for place, one, other in EXCLUSIVE:
            for value in _at(service.value, place):
                if value.at(one) and value.at(other):
                    yield value, f"{one} and {other} exclude each other"
        for key, place, other in TWICE:
            for value in _at(service.value, place):
                said, again = _amount(service.value.at(key)), _amount(value.at(other) or 0)
                if said is not None and again is not None and said != again:
                    yield value, f"{key} is not repeated by {place}.{other}"
        yield from _incomplete(service.value)
    yield from _ambiguous(compose)
    yield from _rings(compose)


def _at(value: Value, place: str) -> Iterator[Value]:
    """Yield what stands at a path below a value."""
    if not place:
        yield value
        return
    key, _, rest = place.partition(".")
    for name, child in value.items():
        if key in (name, "*"):
            yield from _at(child, rest)


def _misworded(service: Value, place: str, form: Form) -> Iterator[tuple[Value, str]]:
    for value in _at(service, place):
        is_text = isinstance(value.data, str) or (place == "ports.*" and isinstance(value.data, int | float))
        if is_text and "$" not in value.text and not (len(value.text) <= MOST_READ and form.is_so(value.text)):
            yield value, f"{place.replace('.*', '')} is {value.text[:60] or 'empty'}, not {form.expected}"


def _incomplete(service: Value) -> Iterator[tuple[Value, str]]:
    for key in ("ports", "volumes"):
        for value in _at(service, f"{key}.*"):
            if isinstance(value.data, dict) and not value.at("target"):
                yield value, f"one of {key} has no target"
            elif value.at("type") == "bind" and not value.at("source"):
                yield value, "a bind mount has no source"
    for value in _at(service, "develop.watch.*"):
        if value.at("action") not in ("rebuild", None) and not value.at("target"):
            yield value, "what is watched has no target"
    test = service.get("healthcheck", "test")
    words = test.values() if test is not None and isinstance(test.data, list) else []
    if words and "$" not in words[0].text and words[0].text not in ("CMD", "CMD-SHELL", "NONE"):
        yield words[0], f"the list of healthcheck.test starts with {words[0].text[:60]}, not with CMD or CMD-SHELL"


def _ambiguous(compose: Compose) -> Iterator[tuple[Value, str]]:
    """Yield configs and secrets that come from nowhere or from two places, and volumes of others that are described."""
    for kind, ways in ORIGINS.items():
        for name, value in compose.top(kind).items():
            taken = [way for way in ways if value.get(way) is not None]
            if isinstance(value.data, dict) and not value.at("external") and len(taken) != 1:
                yield (
                    value,
                    f"{kind}.{name} comes from {' and '.join(taken) or 'nowhere'}, not from {' or '.join(ways)}",
                )
    for name, value in compose.top("volumes").items():
        described = [key for key in OF_THE_OWNER if value.at(key)]
        if value.at("external") is True and described:
            yield value, f"volumes.{name} is external and has {described[0]}"


def _rings(compose: Compose) -> Iterator[tuple[Value, str]]:
    """Yield the services that wait for themselves."""
    waits = {
        name: {other for other, _ in found.items()} if (found := service.value.get("depends_on")) else set()
        for name, service in compose.services.items()
    }
    for name, service in compose.services.items():
        reached: set[str] = set()
        waiting = list(waits[name])
        while waiting:
            other = waiting.pop()
            if other not in reached:
                reached.add(other)
                waiting += waits.get(other, ())
        if name in reached:
            yield service.value.get("depends_on") or service.value, f"{name} depends on itself"
