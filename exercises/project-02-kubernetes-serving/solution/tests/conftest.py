"""What the tests share: stand-ins for torch, and a client of the service."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS / "stand_ins"), str(TESTS.parent)]

from flask.testing import FlaskClient  # noqa: E402 - needs the path above

from src import app as service  # noqa: E402
from src.state import ApplicationState  # noqa: E402


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> ApplicationState:
    """Give the service a fresh state, in which nothing is loaded."""
    fresh = ApplicationState()
    monkeypatch.setattr(service, "state", fresh)
    service.loaded.clear()
    return fresh


@pytest.fixture
def client(state: ApplicationState) -> FlaskClient:
    """Return a client of the service after its start."""
    service.initialize_application()
    return service.app.test_client()
