from __future__ import annotations

import pytest
import sandboxes

from infra_grader.sandboxes.bubblewrap_sandbox import open_bubblewrap
from infra_grader.sandboxes.docker_sandbox import open_docker
from infra_grader.sandboxes.host_sandbox import open_host


@pytest.fixture
def bubblewrap():
    sandboxes.require_bubblewrap()
    sandbox = open_bubblewrap([])
    yield sandbox
    sandbox.close()


@pytest.fixture
def docker():
    sandboxes.require_docker()
    sandbox = open_docker([])
    yield sandbox
    sandbox.close()


@pytest.fixture
def host():
    sandbox = open_host([])
    yield sandbox
    sandbox.close()


@pytest.fixture(params=["bubblewrap", "docker"])
def wall(request):
    return request.getfixturevalue(request.param)
