import pytest
from fastapi.testclient import TestClient

from app.main import app
from src.custom_metrics import ConfidenceAnalyzer, DataQualityMonitor, ModelPerformanceMonitor
from src.instrumentation import registry

client = TestClient(app)


def read(name, **labels):
    return registry.get_sample_value(name, labels) or 0


@pytest.mark.parametrize("area, kind", [(100, "cheap"), (900, "expensive")])
def test_predictions(area, kind):
    before = read("model_predictions_total", model="price", prediction_class=kind)
    assert client.post("/predict", json={"rooms": 3, "area": area}).json() == {"prediction": kind}
    assert read("model_predictions_total", model="price", prediction_class=kind) == before + 1


def test_requests_are_counted():
    before = read("http_requests_total", method="GET", path="/health", status_code="200")
    client.get("/health")
    assert read("http_requests_total", method="GET", path="/health", status_code="200") == before + 1


def test_requests_are_timed():
    before = read("http_request_duration_seconds_count", method="GET", path="/health")
    client.get("/health")
    assert read("http_request_duration_seconds_count", method="GET", path="/health") == before + 1


def test_unknown_paths_share_a_series():
    before = read("http_requests_total", method="GET", path="other", status_code="404")
    client.get("/x")
    client.get("/y")
    assert read("http_requests_total", method="GET", path="other", status_code="404") == before + 2


def test_missing_features():
    before = read("missing_features_total", feature="rooms")
    assert client.post("/predict", json={"area": 50}).status_code == 422
    assert read("missing_features_total", feature="rooms") == before + 1


def test_invalid_requests():
    before = read("invalid_requests_total", endpoint="/predict")
    client.post("/predict", json={"rooms": 0, "area": 50})
    assert read("invalid_requests_total", endpoint="/predict") == before + 1


def test_accuracy():
    client.post("/accuracy/0.91")
    assert read("model_accuracy", model="price") == 0.91


def test_metrics_text():
    assert "# TYPE http_requests_total counter" in client.get("/metrics").text


def test_confidence_is_empty():
    assert ConfidenceAnalyzer().get_statistics() == {}


def test_confidence_mean():
    analyzer = ConfidenceAnalyzer()
    analyzer.record(0.5)
    analyzer.record(0.7)
    assert analyzer.get_statistics()["mean"] == pytest.approx(0.6)


def test_performance_waits():
    assert ModelPerformanceMonitor("m").calculate_metrics() is None


def test_performance():
    monitor = ModelPerformanceMonitor("m", 2)
    monitor.record_prediction(1, 1)
    monitor.record_prediction(0, 1)
    assert monitor.calculate_metrics().accuracy == 0.5


def test_quality():
    assert DataQualityMonitor({"a": {"min": 0, "max": 1}}).validate_request({"a": 5}) == [("a", "out_of_range")]
