"""The endpoints, asked as a client asks them."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from src import app as service
from src.environment import config


def send(client, content, name="photo.png", **fields):
    """Upload bytes as an image."""
    return client.post("/predict", files={"file": (name, content)}, data=fields)


def fault(response):
    """Return the error of a refused request."""
    body = response.json()
    assert body["success"] is False
    assert body["error"]["message"]
    assert body["error"]["correlation_id"] == response.headers["X-Correlation-ID"]
    return body["error"]


def test_prediction_names_five_classes_best_first(client, picture):
    response = send(client, picture())
    assert response.status_code == 200
    body = response.json()
    assert body["success"] is True
    assert [item["rank"] for item in body["predictions"]] == [1, 2, 3, 4, 5]
    shares = [item["confidence"] for item in body["predictions"]]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1
    assert body["predictions"][0]["class"].startswith("thing ")
    assert body["latency_ms"] >= 0
    assert re.fullmatch(r"req-[0-9a-f]{8}", body["correlation_id"])


def test_same_image_gives_same_answer_and_another_image_another(client, picture):
    first, again = (send(client, picture()).json() for _ in range(2))
    other = send(client, picture(shade=10)).json()
    assert first["predictions"] == again["predictions"]
    assert first["predictions"] != other["predictions"]


@pytest.mark.parametrize("top_k", [1, 3, 10])
def test_top_k_sets_the_number_of_classes(client, picture, top_k):
    answer = send(client, picture(), top_k=str(top_k)).json()
    assert len(answer["predictions"]) == top_k


def test_top_k_may_stand_in_the_query(client, picture):
    files = {"file": ("photo.png", picture())}
    response = client.post("/predict?top_k=2", files=files)
    assert len(response.json()["predictions"]) == 2


@pytest.mark.parametrize("top_k", ["-1", "0", "100", "abc"])
def test_top_k_out_of_range_is_refused(client, picture, top_k):
    response = send(client, picture(), top_k=top_k)
    assert response.status_code == 400
    assert fault(response)["code"] == "INVALID_PARAMETER"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF"])
def test_each_format_is_accepted(client, picture, kind):
    assert send(client, picture(kind=kind), name="photo").status_code == 200


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_each_colour_mode_is_accepted(client, picture, mode):
    assert send(client, picture(mode=mode)).status_code == 200


@pytest.mark.parametrize("content", [b"", b"no image at all", b"\x89PNG\r\n\x1a\nxx"])
def test_what_is_no_image_is_refused(client, content):
    response = send(client, content)
    assert response.status_code == 400
    assert fault(response)["code"] == "INVALID_IMAGE_FORMAT"


def test_cut_off_image_is_refused(client, picture):
    response = send(client, picture(kind="BMP")[:-100])
    assert response.status_code == 400
    assert fault(response)["code"] == "INVALID_IMAGE_FORMAT"


@pytest.mark.parametrize(
    "request_parts",
    [{}, {"data": {"top_k": "3"}}, {"files": {"other": ("a.png", b"x")}}],
)
def test_missing_file_is_refused(client, request_parts):
    response = client.post("/predict", **request_parts)
    assert response.status_code == 400
    assert fault(response)["code"] == "MISSING_FILE"


def test_other_content_type_is_refused(client):
    response = client.post("/predict", json={"file": "photo.png"})
    assert response.status_code == 415
    assert fault(response)["details"] == {"content_type": "application/json"}


def test_large_file_is_refused(client, monkeypatch, picture):
    monkeypatch.setattr(config.__class__, "MAX_FILE_SIZE", 100)
    response = send(client, picture(kind="BMP", size=(10, 10)))
    assert response.status_code == 413
    assert fault(response)["code"] == "FILE_TOO_LARGE"


def test_very_large_request_is_refused_unread(client, monkeypatch):
    monkeypatch.setattr(config.__class__, "MAX_FILE_SIZE", 100)
    response = send(client, b"x" * 200_000)
    assert response.status_code == 413


def test_image_with_too_many_pixels_is_refused(client, picture):
    response = send(client, picture(size=(config.MAX_IMAGE_DIMENSION + 1, 1)))
    assert response.status_code == 400
    assert fault(response)["code"] == "INVALID_IMAGE"
    assert "too large" in fault(response)["message"]


def test_slow_prediction_times_out(client, monkeypatch, picture):
    def sleep(image, top_k):
        time.sleep(0.5)

    monkeypatch.setattr(config.__class__, "REQUEST_TIMEOUT", 0.05)
    monkeypatch.setattr(service.app.state.loader, "predict", sleep)
    response = send(client, picture())
    assert response.status_code == 504
    assert fault(response)["code"] == "TIMEOUT"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("shapes differ"), 500, "MODEL_ERROR"),
        (MemoryError(), 503, "OUT_OF_MEMORY"),
        (KeyError("bug"), 500, "INTERNAL_ERROR"),
    ],
)
def test_faults_of_the_model_are_told(
    client, monkeypatch, picture, error, status, code
):
    def fail(image, top_k):
        raise error

    monkeypatch.setattr(service.app.state.loader, "predict", fail)
    response = send(client, picture())
    assert response.status_code == status
    assert fault(response)["code"] == code
    assert ("Retry-After" in response.headers) is (status == 503)


def test_health_tells_that_the_model_is_loaded(client):
    response = client.get("/health")
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "healthy"
    assert body["model_loaded"] is True
    assert body["model_name"] == "resnet50"
    assert body["uptime_seconds"] >= 0


def test_without_a_model_the_service_says_so(client, monkeypatch, picture):
    monkeypatch.setattr(service.app.state.loader, "model", None)
    monkeypatch.setattr(service.app.state, "reason", "weights are missing")
    health = client.get("/health")
    assert health.status_code == 503
    assert health.json()["reason"] == "weights are missing"
    assert client.get("/info").status_code == 503
    assert fault(send(client, picture()))["code"] == "MODEL_NOT_LOADED"


def test_failed_loading_is_remembered(client, monkeypatch):
    monkeypatch.setattr(config.__class__, "MODEL_NAME", "vgg")
    service.init_model(service.app)
    assert "vgg" in client.get("/health").json()["reason"]


def test_info_describes_model_and_limits(client):
    body = client.get("/info").json()
    assert body["model"]["input_shape"] == [224, 224, 3]
    assert body["model"]["output_classes"] == 1000
    assert body["api"]["endpoints"] == ["/predict", "/health", "/info"]
    assert body["limits"]["max_file_size_mb"] == 10
    assert body["limits"]["max_image_dimension"] == 4096


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/predict", 405), ("POST", "/health", 405)],
)
def test_what_is_not_offered_is_refused_as_json(client, method, path, status):
    response = client.request(method, path)
    assert response.status_code == status
    assert fault(response)["code"] in {"NOT_FOUND", "METHOD_NOT_ALLOWED"}


def test_answers_carry_the_expected_headers(client):
    response = client.get("/health", headers={"X-Request-ID": "mine-1"})
    assert response.headers["X-Correlation-ID"] == "mine-1"
    assert response.headers["X-Response-Time"].endswith("ms")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"


def test_unusable_request_id_is_replaced(client):
    response = client.get("/health", headers={"X-Request-ID": "<script>"})
    assert response.headers["X-Correlation-ID"].startswith("req-")


def test_ten_clients_are_served_at_once(client, picture):
    content = picture(size=(64, 64))
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: send(client, content), range(10)))
    assert [answer.status_code for answer in answers] == [200] * 10
