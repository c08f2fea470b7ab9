"""The names by which services of a started project are reached."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from infra_grader.reading.compose_hosts import find_hosts

PROC = {"type": "bind", "source": "/proc", "target": "/host/proc", "read_only": True}


def hosts(**services):
    def service(name):
        build = "a build" if name == "drift" else None
        return SimpleNamespace(value=SimpleNamespace(data={"container_name": f"The-{name}"}), build=build)

    project = SimpleNamespace(members=list)
    prepared = SimpleNamespace(
        model={"services": services}, project=project, left_out=("cadvisor", "drift"), service=service
    )
    return find_hosts(prepared, "prometheus")


def test_hosts_are_the_names_of_services():
    found = hosts(api={"networks": {"default": {"aliases": ["web"]}}}, prometheus={})
    assert {name: found.started.get(name) for name in ("web", "localhost")} == {"web": "api", "localhost": "prometheus"}
    assert found.left_out == {"cadvisor", "the-cadvisor", "drift", "the-drift"}
    assert found.left_built == {"drift", "the-drift"}
    assert [found.is_own(host) for host in ("web", "nobody", "the-cadvisor", "example.org")] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mount", "is_blind"),
    [(PROC, True), (PROC | {"source": "/copy/proc"}, False), ({"type": "volume", "source": "data"}, False)],
)
def test_a_service_that_is_to_look_at_the_machine_is_blind(mount, is_blind):
    found = hosts(node={"container_name": "exporter", "volumes": [mount]}, api={})
    assert [found.is_blind(host) for host in ("exporter", "api", "nobody")] == [is_blind, False, False]
