"""The endpoints, through the test client."""

import io

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from src import app as service


@pytest.fixture
def client():
    with TestClient(service.app) as running:
        yield running


def picture(mode="RGB", size=(40, 30)):
    content = io.BytesIO()
    Image.new(mode, size).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_modes(client, mode):
    answer = client.post("/predict", files={"file": picture(mode)})
    assert answer.status_code == 200
    assert [item["rank"] for item in answer.json()["predictions"]] == [1, 2, 3, 4, 5]


def test_top_k(client):
    answer = client.post("/predict", files={"file": picture()}, data={"top_k": "3"})
    assert len(answer.json()["predictions"]) == 3


@pytest.mark.parametrize("top_k", ["0", "-1", "11", "abc"])
def test_bad_top_k(client, top_k):
    answer = client.post("/predict", files={"file": picture()}, data={"top_k": top_k})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_PARAMETER"


def test_no_file(client):
    answer = client.post("/predict", data={"top_k": "3"})
    assert answer.json()["error"]["code"] == "MISSING_FILE"


def test_no_picture(client):
    answer = client.post("/predict", files={"file": b"text"})
    assert answer.json()["error"]["code"] == "INVALID_IMAGE_FORMAT"


def test_wide_picture(client):
    answer = client.post("/predict", files={"file": picture(size=(5000, 2))})
    assert answer.json()["error"]["code"] == "INVALID_IMAGE"


def test_large_file(client, monkeypatch):
    monkeypatch.setattr(service.config, "MAX_FILE_SIZE", 10)
    answer = client.post("/predict", files={"file": picture()})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "FILE_TOO_LARGE"


def test_health(client):
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["model_name"] == "resnet50"


def test_health_without_model(client, monkeypatch):
    monkeypatch.setattr(service.loader, "model", None)
    assert client.get("/health").status_code == 503
    assert client.get("/info").status_code == 503
    answer = client.post("/predict", files={"file": picture()})
    assert answer.status_code == 503


def test_download_fails(monkeypatch):
    def fail():
        raise OSError("no network")

    monkeypatch.setattr(service.loader, "model", None)
    monkeypatch.setattr(service.loader, "load", fail)
    with TestClient(service.app) as running:
        assert "no network" in running.get("/health").json()["reason"]


def test_info(client):
    body = client.get("/info").json()
    assert body["model"]["output_classes"] == 1000
    assert body["limits"]["max_image_dimension"] == 4096


def test_unknown_path(client):
    answer = client.get("/nothing", headers={"X-Request-ID": "mine"})
    assert answer.status_code == 404
    assert answer.json()["error"]["correlation_id"] == "mine"
