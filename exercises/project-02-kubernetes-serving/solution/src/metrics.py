"""What Prometheus reads from /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter(
    "model_api_requests_total",
    "Requests that were answered",
    ["method", "endpoint", "status"],
)
PREDICTIONS = Counter(
    "model_api_predictions_total",
    "Instances that were classified, or failed",
    ["model_name", "status"],
)
REQUEST_SECONDS = Histogram(
    "model_api_request_duration_seconds",
    "Time from a request to its answer",
    ["method", "endpoint"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
INFERENCE_SECONDS = Histogram(
    "model_api_inference_duration_seconds",
    "Time that the network takes for a batch",
    ["model_name"],
    buckets=(0.01, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
MODEL_LOADED = Gauge(
    "model_api_model_loaded",
    "1 while the model can answer",
    ["model_name", "version"],
)
ACTIVE = Gauge(
    "model_api_active_connections",
    "Requests that are being answered",
)
