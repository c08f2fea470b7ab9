"""Connections into a sandbox: whole, in both directions, many at once, and never longer than a deadline."""

from __future__ import annotations

import threading
import time

import pytest
import sandboxes

from infra_grader.capabilities import _relay_worker as wire
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.relay import Relay
from infra_grader.capabilities.sandbox import Job, Limits
from infra_grader.capabilities.tunnel import TunnelError, TunnelTimeout
from infra_grader.sandboxes.bubblewrap_sandbox import open_bubblewrap
from infra_grader.sandboxes.docker_sandbox import open_docker
from infra_grader.sandboxes.host_sandbox import open_host

OPEN = {"bubblewrap": open_bubblewrap, "docker": open_docker, "host": open_host}
ECHO = """
import socket, threading
def talk(connection):
    while block := connection.recv(65536):
        connection.sendall(block)
    connection.sendall(b"the end")
    connection.close()
listener = socket.create_server(("127.0.0.1", 0), backlog=100)
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=talk, args=(listener.accept()[0],)).start()
"""
DEAF = ECHO.replace("while block := connection.recv(65536):", "while True:").replace(
    "connection.sendall(block)", "import time; time.sleep(100)"
)


@pytest.fixture(params=["bubblewrap", "docker", "host"])
def sandbox(request):
    if request.param != "host":
        getattr(sandboxes, f"require_{request.param}")()
    sandbox = OPEN[request.param]([])
    yield sandbox
    sandbox.close()


@pytest.fixture
def open_relay(sandbox):
    opened = []

    def open_with(code):
        relay = Relay(sandbox, Job(arguments=(), limits=Limits(open_files=512)), Deadline(20))
        opened.append(relay)
        relay.start(("python", "-c", code), ".", {}, {"python": (sandbox.python,)})
        until = time.monotonic() + 10
        while not (said := relay.tell(Deadline(10)).output) and time.monotonic() < until:
            time.sleep(0.05)
        return relay, int(said.split()[0] if said else 0)

    yield open_with
    for relay in opened:
        relay.close()


def read_all(tunnel):
    content = b""
    while block := tunnel.read(65536, Deadline(20)):
        content += block
    return content


def test_a_megabyte_comes_back_whole_after_a_half_close(open_relay):
    relay, port = open_relay(ECHO)
    tunnel = relay.connect(port, Deadline(10))
    content = bytes(range(256)) * 4096

    def say():
        tunnel.write(content, Deadline(20))
        tunnel.end()

    saying = threading.Thread(target=say)
    saying.start()
    assert read_all(tunnel) == content + b"the end"
    saying.join()


def test_many_connections_do_not_mix(open_relay):
    relay, port = open_relay(ECHO)
    heard = {}

    def talk(number):
        tunnel = relay.connect(port, Deadline(20))
        tunnel.write(f"{number} ".encode() * 5000, Deadline(20))
        tunnel.end()
        heard[number] = read_all(tunnel)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {number: f"{number} ".encode() * 5000 + b"the end" for number in range(40)}


def test_a_service_that_takes_nothing_holds_nobody_longer_than_the_deadline(open_relay):
    relay, port = open_relay(DEAF)
    tunnel = relay.connect(port, Deadline(10))
    began = time.monotonic()
    with pytest.raises(TunnelTimeout):
        tunnel.write(bytes(50_000_000), Deadline(1))
    assert time.monotonic() - began < 4
    assert relay.connect(port, Deadline(10))  # the others go on


def test_a_port_where_nobody_listens_is_refused(open_relay):
    relay, port = open_relay(ECHO)
    with pytest.raises(TunnelError, match="refused"):
        relay.connect(1, Deadline(10))
    assert port in (relay.tell(Deadline(10)).ports or [port])


def test_what_a_service_prints_is_kept_from_both_ends(open_relay):
    relay, _ = open_relay(
        "print('0'); print('first'); print('x' * 10**6); print('last', flush=True); raise SystemExit(7)"
    )
    until = time.monotonic() + 10
    while (told := relay.tell(Deadline(10))).exit_status is None and time.monotonic() < until:
        time.sleep(0.05)
    told = relay.tell(Deadline(10))
    assert told.exit_status == 7
    assert told.output.startswith("0\nfirst")
    assert told.output.endswith("last\n")
    assert len(told.output) < wire.HEAD + wire.TAIL + 100


def test_nothing_can_be_asked_after_the_end(open_relay):
    relay, port = open_relay(ECHO)
    tunnel = relay.connect(port, Deadline(10))
    relay.close()
    with pytest.raises(TunnelError):
        tunnel.read(1, Deadline(5))
    with pytest.raises(TunnelError):
        relay.connect(port, Deadline(5))


class Forged:
    """A channel on which a learner speaks in the worker's place."""

    def __init__(self, content):
        self.content = [content]

    def send(self, content, deadline):
        pass

    def receive(self, deadline):
        if not self.content:
            time.sleep(0.01)
            return b""
        return self.content.pop()


@pytest.mark.parametrize(
    "content",
    [
        b"Z" * 100,
        wire.HEADER.pack(wire.DATA, 1, 2**32 - 1),
        wire.HEADER.pack(wire.TOLD, 1, wire.BLOCK * 1000),
    ],
    ids=["letters", "a length that none has", "a reply that is too long"],
)
def test_frames_that_are_none_of_ours_end_the_relay(content):
    relay = forged_relay(content)
    relay._reader.join(5)
    assert relay.ended == "frames that are none of ours"
    with pytest.raises(TunnelError, match="none of ours"):
        relay.tell(Deadline(5))


@pytest.mark.parametrize(
    ("kind", "content"),
    [(wire.DATA, b"nobody asked"), (wire.WINDOW, b"\xff" * 4), (wire.TOLD, b"[" * 1000), (b"?", b"")],
    ids=["data", "credit", "a reply", "an unknown kind"],
)
def test_frames_for_nobody_are_dropped(kind, content):
    relay = forged_relay(wire.HEADER.pack(kind, 77, len(content)) + content)
    time.sleep(0.2)
    assert relay.ended == ""
    relay.close()


def forged_relay(content):
    class Sandbox:
        python = "python"

        def attach(self, job, deadline):
            from contextlib import nullcontext

            return nullcontext(Forged(content))

    return Relay(Sandbox(), Job(arguments=()), Deadline(5))
