"""A running service, asked over the network: API_URL and API_KEY say which one."""

from __future__ import annotations

import io
import os

import pytest
import requests
from PIL import Image

URL = os.getenv("API_URL", "")
KEY = os.getenv("API_KEY", "")
SECONDS = float(os.getenv("REQUEST_TIMEOUT", "10"))
pytestmark = pytest.mark.skipif(not URL, reason="API_URL names no running service")


def ask(method: str, path: str, **options) -> requests.Response:
    return requests.request(method, f"{URL}{path}", timeout=SECONDS, **options)


def drawn() -> dict:
    content = io.BytesIO()
    Image.new("RGB", (64, 64), (120, 160, 200)).save(content, "JPEG")
    return {"file": ("picture.jpg", content.getvalue(), "image/jpeg")}


def test_health_answers():
    assert ask("GET", "/health").json()["status"] in ("healthy", "unhealthy")


def test_prediction_has_classes_and_confidences():
    answer = ask("POST", "/predict", headers={"X-API-Key": KEY}, files=drawn())
    assert answer.status_code in (200, 429, 503)
    if answer.status_code == 200:
        assert 0 <= answer.json()["predictions"][0]["confidence"] <= 1


def test_prediction_without_a_key_is_refused():
    assert ask("POST", "/predict", files=drawn()).status_code == 401


def test_metrics_are_exposed():
    assert "http_requests_total" in ask("GET", "/metrics").text
