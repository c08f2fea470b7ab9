"""The routes, as a client sees them."""

from __future__ import annotations

import io

import pytest

from src import main
from src.model_manager import ModelUnavailable

KEY = {"X-API-Key": "test-key"}


def send(client, content: bytes, headers=KEY):
    return client.post("/predict", data={"file": (io.BytesIO(content), "a.png")}, headers=headers)


def test_health_needs_no_key_and_names_the_model(client):
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json["model"] == {"name": "image-classifier", "version": "7", "status": "loaded"}


def test_health_is_503_without_a_model(client, monkeypatch):
    monkeypatch.setattr(main.manager, "_model", None)
    answer = client.get("/health")
    assert (answer.status_code, answer.json["status"]) == (503, "unhealthy")


def test_bright_picture_is_a_ship(client, picture):
    answer = send(client, picture(shade=250))
    assert answer.status_code == 200
    assert answer.json["predictions"][0]["class"] == "ship"
    assert answer.json["model_version"] == "7"


def test_dark_picture_is_a_cat(client, picture):
    answer = send(client, picture(shade=5, kind="JPEG"))
    assert answer.json["predictions"][0]["class"] == "cat"
    assert answer.json["inference_time_ms"] >= 0


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"X-API-Key": "wrong"}, 403)])
def test_others_are_refused(client, picture, headers, status):
    answer = send(client, picture(), headers)
    assert answer.status_code == status
    assert answer.json["error"]["status"] == status


def test_missing_file_is_400(client):
    assert client.post("/predict", headers=KEY).status_code == 400


def test_text_is_no_picture(client):
    answer = send(client, b"no picture")
    assert answer.status_code == 400
    assert "JPEG or PNG" in answer.json["error"]["message"]


def test_large_upload_is_413(client):
    assert send(client, b"\0" * (11 * 1024 * 1024)).status_code == 413


def test_eleventh_prediction_in_a_minute_is_429(client, picture):
    answers = [send(client, picture()) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_prediction_without_a_model_is_503(client, picture, monkeypatch):
    monkeypatch.setattr(main.manager, "_model", None)
    assert send(client, picture()).status_code == 503


def test_fault_of_ours_tells_nothing(client, picture, monkeypatch):
    def fail(batch):
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(main.manager, "predict", fail)
    answer = send(client, picture())
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_unknown_path_is_404(client):
    assert client.get("/nowhere", headers=KEY).status_code == 404


def test_info_describes_the_service(client):
    answer = client.get("/info", headers=KEY)
    assert (answer.json["service"], answer.json["version"]) == ("ml-api", "1.0.0")
    assert answer.headers["X-Model-Version"] == "7"


def test_request_id_is_kept(client):
    assert client.get("/health", headers={"X-Request-ID": "abc"}).headers["X-Request-ID"] == "abc"


def test_metrics_count_predictions(client, picture):
    send(client, picture())
    assert 'model_predictions_total{model_name="image-classifier"' in client.get("/metrics").text


def test_reload_replaces_the_model(client, monkeypatch):
    monkeypatch.setattr(main.manager, "load_model", lambda: None)
    assert client.post("/reload", headers=KEY).json["status"] == "success"


def test_reload_that_fails_keeps_the_model(client, monkeypatch):
    def fail():
        raise ModelUnavailable("gone")

    monkeypatch.setattr(main.manager, "load_model", fail)
    assert client.post("/reload", headers=KEY).status_code == 503
    assert client.get("/health").status_code == 200
