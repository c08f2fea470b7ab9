"""The service by its test client."""

import io
import os

os.environ["API_KEYS"] = "k"
os.environ["RATE_LIMIT_PREDICT"] = "1000"

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from src import main


@pytest.fixture
def client():
    with TestClient(main.app) as running:
        yield running


def picture(kind="PNG", size=(40, 40)):
    content = io.BytesIO()
    Image.new("RGB", size, (255, 255, 255)).save(content, kind)
    return content.getvalue()


def send(client, content, key="k"):
    return client.post("/predict", files={"file": ("a", content)}, headers={"X-API-Key": key})


def test_health(client):
    assert client.get("/health").json()["status"] == "healthy"


def test_health_without_model(client, monkeypatch):
    monkeypatch.setattr(main.manager, "model", None)
    assert client.get("/health").status_code == 503


def test_prediction_is_503_without_model(client, monkeypatch):
    monkeypatch.setattr(main.manager, "model", None)
    assert send(client, picture()).status_code == 503


def test_png(client):
    assert len(send(client, picture()).json()["predictions"]) == 3


def test_jpeg(client):
    assert 0 <= send(client, picture("JPEG")).json()["predictions"][0]["confidence"] <= 1


def test_gif(client):
    assert send(client, picture("GIF")).status_code == 400


def test_text(client):
    assert send(client, b"text").status_code == 400


def test_wrong_key(client):
    assert send(client, picture(), key="x").status_code == 403


def test_no_key(client):
    assert client.post("/predict").status_code == 401


def test_limit(client, monkeypatch):
    monkeypatch.setenv("RATE_LIMIT_PREDICT", "0")
    assert send(client, picture()).status_code == 429


def test_info(client):
    assert client.get("/info", headers={"X-API-Key": "k"}).json()["service"] == "ml-api"


def test_metrics(client):
    assert "http_requests_total" in client.get("/metrics").text


def test_reload(client):
    assert client.post("/reload", headers={"X-API-Key": "k"}).json()["status"] == "success"


def test_empty_upload():
    with pytest.raises(ValueError):
        main.validate_image_upload(b"")
