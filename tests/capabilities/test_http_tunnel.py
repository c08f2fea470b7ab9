"""As whom a service is asked."""

from __future__ import annotations

from infra_grader.capabilities._http_tunnel import Clock, open_client
from infra_grader.capabilities.tunnel import TunnelError


def test_nothing_in_a_request_tells_that_a_grader_asks():
    def connect(_port, _deadline):
        raise TunnelError("nobody is asked")

    with open_client(connect, 80, Clock(), "localhost") as client:
        said = client.build_request("GET", "/").headers
    assert "grader" not in str(dict(said)).lower()
    assert said["user-agent"].startswith("curl/")
