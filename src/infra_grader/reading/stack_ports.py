"""The port on which a program of a monitoring stack listens, where its image and the compose file leave no other."""

from __future__ import annotations

import re

from infra_grader.model.record import Record
from infra_grader.reading.dockerfile_reference import read_reference
from infra_grader.reading.prometheus_stack import Service, Stack

REGISTRY = re.compile(r"\A(?:quay\.io|ghcr\.io|gcr\.io)/")
TOLD = re.compile(r"--?(?:\S*port|web\.listen-address)\b|--?config(?:=|\Z)|cfg:|\A[@?]")
"""Words of a command that say where to listen, or may: those of a file of settings or flags, and of a variable."""


class Listener(Record, kw_only=False):
    """Where a program listens unless it is told otherwise."""

    port: str
    variables: tuple[str, ...] = ()
    """What the variables begin with by which it can be told, besides its flags."""
    settings: str = ""
    """The folder of settings that can tell it."""
    harmless: str = ""
    """A folder in there that cannot."""

    def is_told_by(self, variable: str) -> bool:
        """Whether a variable may name another port."""
        return variable.startswith(self.variables)

    def is_set_at(self, place: str) -> bool:
        """Whether something that is mounted at a place may name another port."""
        if not self.settings or place.startswith(self.harmless):
            return False
        return place.startswith(self.settings) or self.settings.startswith(f"{place.rstrip('/')}/")


GRAFANA = Listener("3000", ("GF_SERVER_", "GF_PATHS_"), "/etc/grafana", "/etc/grafana/provisioning")
PROMETHEUS = {
    "prometheus": Listener("9090"),
    "alertmanager": Listener("9093"),
    "node-exporter": Listener("9100"),
    "pushgateway": Listener("9091"),
    "blackbox-exporter": Listener("9115"),
}
LISTENERS = {
    **{f"{owner}/{name}": listener for owner in ("prom", "prometheus") for name, listener in PROMETHEUS.items()},
    "cadvisor/cadvisor": Listener("8080"),
    "google/cadvisor": Listener("8080"),
    "grafana/grafana": GRAFANA,
    "grafana/grafana-oss": GRAFANA,
    "grafana/grafana-enterprise": GRAFANA,
    "prometheuscommunity/postgres-exporter": Listener("9187", ("PG_EXPORTER_WEB_",)),
    "oliver006/redis_exporter": Listener("9121", ("REDIS_EXPORTER_WEB_",)),
}
"""By image, its registry left out."""


def closed_port(stack: Stack, host: str, port: str) -> str:
    """Return why nothing listens on a port of the service that answers to a name, in words; nothing where it may.

    Certain is that of images whose program is known, where no flag, variable or file of settings can tell it another
    port, and no other service can listen in its place. Nothing for a port means that of HTTP.
    """
    answering = [service for service in stack.services if host in service.names]
    if len(answering) != 1 or answering[0].is_built or not (port.isdecimal() or not port):
        return ""
    service = answering[0]
    listener = LISTENERS.get(REGISTRY.sub("", read_reference(service.image).name))
    if listener is None or listener.port == port or _is_shared(service, stack) or _may_be_told(service, listener):
        return ""
    asked = port or "80, which is asked where no port is named"
    return f"nothing listens on {asked}; {service.name} does on {listener.port}"


def _is_shared(service: Service, stack: Stack) -> bool:
    """Whether other programs may listen at a service's address: those of the host, or of a service that joins it."""
    joined = {item.network_mode.partition(":")[2] for item in stack.services}
    return bool(service.network_mode) or not joined.isdisjoint(service.names)


def _may_be_told(service: Service, listener: Listener) -> bool:
    """Whether a service's command, variables or settings may name another port than the program's own."""
    words = service.command
    if words and (not words[0].startswith("-") or any(map(TOLD.search, words))):
        return True
    if listener.variables and (service.has_env_files or any(map(listener.is_told_by, service.variables))):
        return True
    return any(map(listener.is_set_at, [*(mount.target for mount in service.mounts), *service.others]))
