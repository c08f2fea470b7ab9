"""A plain connection is a tunnel like the relay's: bounded in time, and it says why it cannot be used."""

from __future__ import annotations

import socket
import struct
import time

import pytest

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.tcp_tunnel import TcpTunnel, connect
from infra_grader.capabilities.tunnel import TunnelError, TunnelTimeout


@pytest.fixture
def ends():
    """Both ends of a connection: ours, and the bare socket of the service."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        tunnel = connect("127.0.0.1", listening.getsockname()[1], Deadline(5))
        other = listening.accept()[0]
    yield tunnel, other
    tunnel.close()
    other.close()


def test_what_is_written_arrives_and_what_is_said_is_read(ends):
    tunnel, other = ends
    tunnel.write(b"question", Deadline(5))
    tunnel.end()
    assert other.recv(100) + other.recv(100) == b"question"
    other.sendall(b"answer")
    other.close()
    assert tunnel.read(3, Deadline(5)) == b"ans"
    assert tunnel.read(100, Deadline(5)) == b"wer"
    assert tunnel.read(100, Deadline(5)) == b""


def test_has_more_never_waits(ends):
    tunnel, other = ends
    with pytest.raises(TunnelTimeout):
        tunnel.read(1, Deadline(0.05))
    began = time.monotonic()
    assert not tunnel.has_more
    assert time.monotonic() - began < 1
    other.sendall(b"x")
    assert tunnel.read(1, Deadline(5)) == b"x"
    other.close()
    for _ in range(100):
        if tunnel.has_more:
            break
        time.sleep(0.02)
    assert tunnel.has_more


def test_a_reset_says_so(ends):
    tunnel, other = ends
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    other.close()
    with pytest.raises(TunnelError, match="the connection was reset"):
        tunnel.read(1, Deadline(5))


def test_a_service_that_takes_nothing_is_late(ends):
    tunnel, _ = ends
    with pytest.raises(TunnelTimeout):
        tunnel.write(b"x" * 50_000_000, Deadline(0.2))


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(TunnelError, match="the connection is refused"):
        connect("127.0.0.1", port, Deadline(5))


def test_closing_twice_is_no_fault(ends):
    tunnel: TcpTunnel = ends[0]
    tunnel.close()
    tunnel.close()
    with pytest.raises(TunnelError):
        tunnel.read(1, Deadline(1))
