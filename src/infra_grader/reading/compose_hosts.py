"""The hosts of a started project: the names and addresses by which its services reach each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra_grader.model.record import Record
from infra_grader.reading.compose_live import Prepared
from infra_grader.reading.compose_rewrite import OF_THE_MACHINE

LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - as targets name it


class Hosts(Record):
    """The hosts of a project, in lower case."""

    started: Mapping[str, str]
    """Each with its service."""
    left_out: frozenset[str]
    """Those of services that were not started."""
    left_built: frozenset[str] = frozenset()
    """Those of them that the submission builds itself."""
    blind: frozenset[str] = frozenset()
    """Services that were started without the folders of the machine that they are to look at."""

    def is_own(self, host: str) -> bool:
        """Whether a name is of what was started, or would have to be: one with dots may be anywhere."""
        return host not in self.left_out and (host in self.started or "." not in host)

    def is_blind(self, host: str) -> bool:
        """Whether a name is of a service that was started without folders of the machine."""
        return self.started.get(host) in self.blind


def find_hosts(prepared: Prepared, own: str) -> Hosts:
    """Return the hosts of a project as one of its services, `own`, sees them: the loopback is itself."""
    started = dict.fromkeys(LOOPBACK, own)
    for name, service in prepared.model["services"].items():
        started |= dict.fromkeys(_names(name, service), name)
    for member in prepared.project.members():
        networks = (prepared.project.container(member).inspect().get("NetworkSettings") or {}).get("Networks") or {}
        for network in networks.values():
            named = [network.get("IPAddress"), *(network.get("Aliases") or ())]
            started |= {str(one).lower(): member.service for one in named if one}
    left_out: set[str] = set()
    left_built: set[str] = set()
    for name in prepared.left_out:
        service = prepared.service(name)
        names = _names(name, service.value.data if service is not None else {}) - started.keys()
        left_out |= names
        left_built |= names if service is not None and service.build is not None else set()
    blind = frozenset(name for name, service in prepared.model["services"].items() if _looks_at_machine(service))
    return Hosts(started=started, left_out=frozenset(left_out), left_built=frozenset(left_built), blind=blind)


def _looks_at_machine(service: Mapping[str, Any]) -> bool:
    """Whether a service would be shown folders of the machine, which are set aside wherever it is started."""
    mounts = service.get("volumes") or ()
    return any(mount.get("type") == "bind" and mount.get("source") in OF_THE_MACHINE for mount in mounts)


def _names(name: str, service: object) -> set[str]:
    """Return the names by which others reach a service."""
    facts = service if isinstance(service, Mapping) else {}
    found = [name, facts.get("container_name"), facts.get("hostname")]
    networks = facts.get("networks")
    for network in networks.values() if isinstance(networks, Mapping) else ():
        found += (network or {}).get("aliases") or ()
    return {str(one).lower() for one in found if one}
