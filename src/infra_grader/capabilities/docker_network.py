"""The networks of a run: one whose containers cannot leave this machine, and one whose containers can."""

from __future__ import annotations

from typing import Literal

from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.live_docker import LiveDocker

MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"


def network_of(docker: LiveDocker, which: Literal["isolated", "default"]) -> str:
    """Return the name of a network of this run, made on first use.

    Ports of its containers can be published either way. Out of the isolated one packets leave with an address that
    nobody answers to, since this machine does not translate it; see `docker_container.ONE_HOP` for the rest. It keeps
    programs from using the network, not one that is bent on sending packets away.
    """

    def make() -> str:
        name = docker.name(f"network-{which}")
        options = {MASQUERADE: "false"} if which == "isolated" else {}
        with answering():
            docker.api.create_network(name, driver="bridge", options=options, labels=docker.labels)
        return name

    return docker.once(("network", which), make)
