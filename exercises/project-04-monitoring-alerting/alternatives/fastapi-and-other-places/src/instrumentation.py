"""Metrics for the API."""

import threading
import time

import psutil
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

registry = CollectorRegistry()
BYTES = [10**power for power in range(2, 8)]

APP_INFO = Info("app", "Application", registry=registry)
REQUESTS = Counter("http_requests", "Requests", ["method", "path", "status_code"], registry=registry)
DURATION = Histogram(
    "request_duration_seconds", "Duration", ["method", "path"], namespace="http", registry=registry,
    buckets=[0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
)
REQUEST_SIZE = Histogram("http_request_size_bytes", "Request size", ["method", "path"], buckets=BYTES, registry=registry)
RESPONSE_SIZE = Histogram("http_response_size_bytes", "Response size", ["method", "path"], buckets=BYTES, registry=registry)
ACTIVE = Gauge("active_connections", "Open requests", registry=registry)
PREDICTIONS = Counter("model_predictions_total", "Predictions", ["model", "prediction_class"], registry=registry)
PREDICTION_ERRORS = Counter("prediction_errors_total", "Errors", ["kind"], registry=registry)
INFERENCE = Histogram("model_inference_duration_seconds", "Inference", ["model"], registry=registry)
CONFIDENCE = Histogram(
    "model_prediction_confidence", "Confidence", ["model"], buckets=[0.5, 0.6, 0.7, 0.8, 0.9, 1], registry=registry
)
ACCURACY = Gauge("model_accuracy", "Accuracy", ["model"], registry=registry)
DRIFT = Gauge("data_drift_score", "Drift", ["feature"], registry=registry)
MISSING = Counter("missing_features", "Missing features", ["feature"], registry=registry)
INVALID = Counter("invalid_requests", "Invalid requests", ["endpoint"], registry=registry)
MEMORY = Gauge("process_memory_usage_bytes", "Memory", registry=registry)
CPU = Gauge("process_cpu_usage_percent", "CPU", registry=registry)
BUSINESS = Counter("business_predictions", "Predictions by tier", ["customer_tier"], registry=registry)


class MetricsMiddleware:
    """Watches a FastAPI application."""

    def __init__(self, app: FastAPI) -> None:
        """Attach to the application."""
        self.app = app
        self.setup_middleware()

    def setup_middleware(self) -> None:
        """Add the middleware."""

        @self.app.middleware("http")
        async def record(request: Request, call_next):
            start = time.perf_counter()
            with ACTIVE.track_inprogress():
                response = await call_next(request)
            route = request.scope.get("route")
            path = getattr(route, "path", "other")
            REQUESTS.labels(method=request.method, path=path, status_code=response.status_code).inc()
            DURATION.labels(request.method, path).observe(time.perf_counter() - start)
            REQUEST_SIZE.labels(request.method, path).observe(int(request.headers.get("content-length", 0)))
            RESPONSE_SIZE.labels(request.method, path).observe(int(response.headers.get("content-length", 0)))
            return response

    def track_prediction(self, model_name, prediction_class, confidence, inference_time, tier="free"):
        """Record a prediction."""
        PREDICTIONS.labels(model=model_name, prediction_class=prediction_class).inc()
        CONFIDENCE.labels(model=model_name).observe(confidence)
        INFERENCE.labels(model=model_name).observe(inference_time)
        BUSINESS.labels(customer_tier=tier).inc()

    def track_data_quality(self, missing_features, drift_scores):
        """Record missing features and drift."""
        for feature in missing_features:
            MISSING.labels(feature=feature).inc()
        for feature, score in drift_scores.items():
            DRIFT.labels(feature=feature).set(score)

    def update_model_accuracy(self, model_name, accuracy):
        """Set the accuracy."""
        ACCURACY.labels(model=model_name).set(accuracy)


class SystemMetricsCollector:
    """Measures the process."""

    def __init__(self, interval=15):
        """Every so many seconds."""
        self.interval = interval
        self.process = psutil.Process()

    def collect_once(self):
        """Measure now."""
        MEMORY.set(self.process.memory_info().rss)
        CPU.set(self.process.cpu_percent())

    def start_background_collection(self):
        """Measure for ever."""

        def loop():
            while True:
                self.collect_once()
                time.sleep(self.interval)

        threading.Thread(target=loop, daemon=True).start()


def metrics_endpoint() -> Response:
    """Return the metrics."""
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
