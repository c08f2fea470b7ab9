"""What Prometheus is told."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("http_requests_total", "Requests answered.", ["method", "endpoint", "status"])
REQUEST_SECONDS = Histogram(
    "http_request_duration_seconds", "Time to answer a request.", ["method", "endpoint"]
)
PREDICTIONS = Counter(
    "model_predictions_total", "Predictions made.", ["model_name", "model_version", "status"]
)
PREDICTION_SECONDS = Histogram(
    "model_prediction_duration_seconds", "Time of one prediction.", ["model_name", "model_version"]
)
MODEL_VERSION = Gauge("model_version_info", "The model that answers.", ["model_name", "version"])
