"""A place of ours where webhooks arrive, under the names of the hosts that they are sent to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from infra_grader.capabilities.compose_probe import python_image
from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.capabilities.sandbox import MIB

PROGRAM = r"""
import http.server, json, sys, threading
class Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        print(json.dumps({"path": self.path, "body": body.decode("utf-8", "replace")[:100000]}), flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
servers = [http.server.ThreadingHTTPServer(("0.0.0.0", port), Sink) for port in json.loads(sys.argv[1])]
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
"""
MEMORY_BYTES = 64 * MIB
MOST_HOSTS = 8


class AlertSink:
    """What arrives."""

    def __init__(self, container: RunningContainer) -> None:
        self._container = container

    def heard(self) -> list[dict[str, Any]]:
        """Return the messages of Alertmanager that have arrived, in order."""
        found = []
        for line in self._container.log("stdout", most=4 * MIB).splitlines():
            try:
                said = msgspec.json.decode(msgspec.json.decode(line)["body"])
            except (msgspec.DecodeError, KeyError, TypeError):
                continue
            if isinstance(said, dict):
                found.append(said)
        return found


@contextmanager
def open_sink(docker: LiveDocker, network: str, places: Sequence[tuple[str, int]]) -> Iterator[AlertSink]:
    """Yield a sink that is reached in a network by hosts and ports. Raises `NotAssessed` where it cannot be started."""
    hosts = sorted({host for host, _ in places})[:MOST_HOSTS]
    ports = sorted({port for _, port in places})[:MOST_HOSTS]
    options = {
        "Image": python_image(docker),
        "Entrypoint": ["python3", "-I", "-c", PROGRAM, json.dumps(ports)],
        "Labels": docker.labels,
        "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": hosts}}},
        "HostConfig": {
            "NetworkMode": network,
            "Memory": MEMORY_BYTES,
            "PidsLimit": 64,
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "CapAdd": ["NET_BIND_SERVICE"],
            "SecurityOpt": ["no-new-privileges"],
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "8m"}},
        },
    }
    with answering():
        made = docker.api.create_container_from_config(options, docker.name("sink"))["Id"]
    container = RunningContainer(docker, made)
    try:
        with answering():
            docker.api.start(made)
        yield AlertSink(container)
    finally:
        container.remove()
