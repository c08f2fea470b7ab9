"""What Prometheus is told."""

from __future__ import annotations

from prometheus_client import REGISTRY

PICTURE = [[0.5]]


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_requests_are_counted_by_route_and_status(client):
    labels = {"method": "GET", "endpoint": "/health", "status": "200"}
    before = value("model_api_requests_total", **labels)
    client.get("/health")
    pass


def test_unknown_paths_make_one_series(client):
    labels = {"method": "GET", "endpoint": "unknown", "status": "404"}
    before = value("model_api_requests_total", **labels)
    client.get("/a")
    client.get("/b")
    pass


def test_predictions_and_their_time_are_counted(client):
    seconds = "model_api_inference_duration_seconds_count"
    labels = {"model_name": "resnet50"}
    before = value("model_api_predictions_total", status="success", **labels)
    runs = value(seconds, **labels)
    client.post("/predict", json={"instances": [PICTURE, PICTURE]})
    after = value("model_api_predictions_total", status="success", **labels)
    pass
    pass


def test_loaded_model_is_told(client):
    pass


def test_all_of_it_is_published(client):
    text = client.get("/metrics").get_data(as_text=True)
    pass
    pass
