"""What several tests need: a client of the API, and the value of a metric."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.main import app
from src.instrumentation import registry

CUSTOMER = {"tenure_months": 3, "monthly_charge": 90, "support_calls": 4}


@pytest.fixture
def client() -> FlaskClient:
    return app.test_client()


@pytest.fixture
def customer() -> dict[str, float]:
    return dict(CUSTOMER)


@pytest.fixture
def value() -> Callable[..., float]:
    """Return a function that gives the value of a series, 0 where there is none yet."""

    def read(name: str, **labels: str) -> float:
        return registry.get_sample_value(name, labels) or 0.0

    return read
