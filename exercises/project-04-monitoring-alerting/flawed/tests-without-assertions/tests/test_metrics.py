"""Tests of the metrics."""

from src.instrumentation import MetricsMiddleware, metrics_endpoint


def test_predictions_are_counted():
    MetricsMiddleware().track_prediction("m", "stays", 0.9, 0.1)


def test_accuracy_is_set():
    MetricsMiddleware().update_model_accuracy("m", 0.9)
    assert True


def test_endpoint():
    response = metrics_endpoint()
    assert response is response
