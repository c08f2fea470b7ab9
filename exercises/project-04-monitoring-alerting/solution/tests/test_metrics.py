"""Tests of the metrics and of the middleware that records them."""

import pytest
from flask import Flask

from src.instrumentation import MetricsMiddleware, SystemMetricsCollector, metrics_endpoint, registry, timed


@pytest.fixture
def metrics():
    return MetricsMiddleware()


@pytest.fixture
def watched():
    app = Flask("watched")
    MetricsMiddleware(app)
    app.add_url_rule("/things/<name>", view_func=lambda name: name, endpoint="things")
    app.add_url_rule("/broken", view_func=lambda: 1 / 0, endpoint="broken")
    return app.test_client()


def test_requests_are_counted_by_method_endpoint_and_status(watched, value):
    labels = {"method": "GET", "endpoint": "/things/<name>", "status": "200"}
    before = value("http_requests_total", **labels)
    watched.get("/things/one")
    watched.get("/things/two")
    assert value("http_requests_total", **labels) == before + 2


def test_paths_that_nobody_serves_share_a_series(watched, value):
    labels = {"method": "GET", "endpoint": "unknown", "status": "404"}
    before = value("http_requests_total", **labels)
    watched.get("/a")
    watched.get("/b")
    assert value("http_requests_total", **labels) == before + 2


def test_errors_are_counted_as_such(watched, value):
    labels = {"method": "GET", "endpoint": "/broken", "status": "500"}
    before = value("http_requests_total", **labels)
    assert watched.get("/broken").status_code == 500
    assert value("http_requests_total", **labels) == before + 1


def test_requests_are_timed_and_weighed(watched, value):
    where = {"method": "GET", "endpoint": "/things/<name>"}
    names = ("http_request_duration_seconds_count", "http_request_size_bytes_count", "http_response_size_bytes_sum")
    before = [value(name, **where) for name in names]
    watched.get("/things/four")
    assert [value(name, **where) - old for name, old in zip(names, before, strict=True)] == [1, 1, 4]


def test_nothing_is_in_flight_afterwards(watched, value):
    watched.get("/things/one")
    watched.get("/broken")
    assert value("http_requests_in_flight") == 0


def test_middleware_needs_an_application():
    with pytest.raises(RuntimeError):
        MetricsMiddleware().setup_middleware()


def test_predictions_are_counted_with_confidence_and_time(metrics, value):
    metrics.track_prediction("m1", "stays", 0.8, 0.004)
    metrics.track_prediction("m1", "stays", 0.6, 0.002)
    assert value("model_predictions_total", model_name="m1", prediction_class="stays") == 2
    assert value("model_prediction_confidence_sum", model_name="m1") == pytest.approx(1.4)
    assert value("model_inference_duration_seconds_bucket", model_name="m1", le="0.005") == 2


def test_errors_of_the_model_are_counted(metrics, value):
    metrics.track_error("m2", "ValueError")
    assert value("model_prediction_errors_total", model_name="m2", error_type="ValueError") == 1


def test_missing_features_and_drift_are_recorded(metrics, value):
    metrics.track_data_quality(["age", "age"], {"income": 0.4})
    assert value("missing_features_total", feature_name="age") == 2
    assert value("data_drift_score", feature_name="income") == 0.4


def test_accuracy_is_set(metrics, value):
    metrics.update_model_accuracy("m3", 0.93)
    assert value("model_accuracy", model_name="m3") == 0.93


@pytest.mark.parametrize("accuracy", [-0.1, 1.1])
def test_accuracy_that_is_none_is_refused(metrics, accuracy):
    with pytest.raises(ValueError, match="between 0 and 1"):
        metrics.update_model_accuracy("m3", accuracy)


def test_process_is_measured(value):
    SystemMetricsCollector().collect_once()
    assert value("process_memory_usage_bytes") > 1e6
    assert value("process_cpu_usage_percent") >= 0


def test_process_is_measured_in_the_background(value):
    collector = SystemMetricsCollector(interval=0.01)
    thread = collector.start_background_collection()
    collector.stop()
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert value("process_memory_usage_bytes") > 1e6


def test_timed_functions_keep_their_answers(value):
    @timed("batch_duration_seconds", {"kind": "nightly"})
    def double(number):
        return 2 * number

    assert double(4) == 8
    assert value("batch_duration_seconds_count", kind="nightly") == 1


def test_endpoint_speaks_the_format_of_prometheus():
    response = metrics_endpoint()
    assert response.content_type.startswith("text/plain")
    assert b"# TYPE http_requests_total counter" in response.data
    assert registry.get_sample_value("http_requests_in_flight") is not None
