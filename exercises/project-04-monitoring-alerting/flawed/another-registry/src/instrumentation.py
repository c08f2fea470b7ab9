"""Metrics of the churn API, and the middleware that records them."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import psutil
from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

logger = logging.getLogger(__name__)

registry = CollectorRegistry()

SIZE_BUCKETS = (1e2, 1e3, 1e4, 1e5, 1e6, 1e7)

app_info = Info("app", "What is running.", registry=registry)
http_requests_total = Counter(
    "http_requests_total", "Requests that were answered.", ["method", "endpoint", "status"], registry=registry
)
http_request_duration_seconds = Histogram(
    "http_request_duration_seconds",
    "How long answers took.",
    ["method", "endpoint"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=registry,
)
http_request_size_bytes = Histogram(
    "http_request_size_bytes", "Size of requests.", ["method", "endpoint"], buckets=SIZE_BUCKETS, registry=registry
)
http_response_size_bytes = Histogram(
    "http_response_size_bytes", "Size of answers.", ["method", "endpoint"], buckets=SIZE_BUCKETS, registry=registry
)
http_requests_in_flight = Gauge("http_requests_in_flight", "Requests that are being answered.", registry=registry)

model_predictions_total = Counter(
    "model_predictions_total", "Predictions that were made.", ["model_name", "prediction_class"], registry=registry
)
model_prediction_errors_total = Counter(
    "model_prediction_errors_total", "Predictions that failed.", ["model_name", "error_type"], registry=registry
)
model_inference_duration_seconds = Histogram(
    "model_inference_duration_seconds",
    "How long the model took.",
    ["model_name"],
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1),
    registry=registry,
)
model_prediction_confidence = Histogram(
    "model_prediction_confidence",
    "How sure the model was.",
    ["model_name"],
    buckets=(0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1),
    registry=registry,
)
model_accuracy = Gauge("model_accuracy", "Accuracy by the latest feedback.", ["model_name"], registry=registry)

data_drift_score = Gauge("data_drift_score", "Drift since training.", ["feature_name"], registry=registry)
missing_features_total = Counter(
    "missing_features_total", "Features that requests lacked.", ["feature_name"], registry=registry
)
invalid_requests_total = Counter("invalid_requests_total", "Requests that were refused.", ["reason"], registry=registry)

process_memory_usage_bytes = Gauge("process_memory_usage_bytes", "Memory of the process.", registry=registry)
process_cpu_usage_percent = Gauge("process_cpu_usage_percent", "Processor time of the process.", registry=registry)

business_predictions_total = Counter(
    "business_predictions_total", "Predictions by kind of customer.", ["customer_tier"], registry=registry
)


def metrics_endpoint() -> Response:
    """Return everything that the registry holds, in the format that Prometheus reads."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


class MetricsMiddleware:
    """Counts and times every request of a Flask application, and takes what the model reports."""

    def __init__(self, app: Flask | None = None) -> None:
        """Remember the application, and watch it if there is one."""
        self.app = app
        if app is not None:
            self.setup_middleware()

    def setup_middleware(self) -> None:
        """Record each request of the application, those that end in an exception too."""
        if self.app is None:
            raise RuntimeError("there is no application to watch")
        self.app.before_request(self._begin)
        self.app.after_request(self._record)
        self.app.teardown_request(self._end)

    def _begin(self) -> None:
        g.started = time.perf_counter()
        http_requests_in_flight.inc()

    def _record(self, response: Response) -> Response:
        # The rule, not the path: paths that nobody serves would each make a series.
        endpoint = request.url_rule.rule if request.url_rule else "unknown"
        where = (request.method, endpoint)
        http_requests_total.labels(*where, str(response.status_code)).inc()
        http_request_duration_seconds.labels(*where).observe(time.perf_counter() - g.started)
        http_request_size_bytes.labels(*where).observe(request.content_length or 0)
        http_response_size_bytes.labels(*where).observe(response.content_length or 0)
        return response

    def _end(self, _error: BaseException | None) -> None:
        http_requests_in_flight.dec()

    def track_prediction(
        self, model_name: str, prediction_class: str, confidence: float, inference_time: float
    ) -> None:
        """Record a prediction, how sure the model was, and how many seconds it took."""
        model_predictions_total.labels(model_name, prediction_class).inc()
        model_prediction_confidence.labels(model_name).observe(confidence)
        model_inference_duration_seconds.labels(model_name).observe(inference_time)

    def track_error(self, model_name: str, error_type: str) -> None:
        """Record a prediction that failed."""
        model_prediction_errors_total.labels(model_name, error_type).inc()

    def track_data_quality(self, missing_features: Iterable[str], drift_scores: Mapping[str, float]) -> None:
        """Record the features that a request lacked, and the drift of each feature."""
        for name in missing_features:
            missing_features_total.labels(name).inc()
        for name, score in drift_scores.items():
            data_drift_score.labels(name).set(score)

    def track_refusal(self, reason: str) -> None:
        """Record a request that was refused."""
        invalid_requests_total.labels(reason).inc()

    def track_customer(self, customer_tier: str) -> None:
        """Record for what kind of customer a prediction was made."""
        business_predictions_total.labels(customer_tier).inc()

    def update_model_accuracy(self, model_name: str, accuracy: float) -> None:
        """Set the accuracy of a model. Raises ValueError if it does not lie between 0 and 1."""
        if not 0 <= accuracy <= 1:
            raise ValueError(f"an accuracy lies between 0 and 1, and {accuracy} does not")
        model_accuracy.labels(model_name).set(accuracy)


class SystemMetricsCollector:
    """Measures memory and processor time of this process."""

    def __init__(self, interval: float = 15) -> None:
        """Measure every so many seconds, once started."""
        self.interval = interval
        self._process = psutil.Process()
        self._stopped = threading.Event()

    def collect_once(self) -> None:
        """Measure now."""
        process_memory_usage_bytes.set(self._process.memory_info().rss)
        process_cpu_usage_percent.set(self._process.cpu_percent())

    def start_background_collection(self) -> threading.Thread:
        """Measure from now on, in a thread that ends with the process."""
        thread = threading.Thread(target=self._collect, name="system-metrics", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Let the thread end."""
        self._stopped.set()

    def _collect(self) -> None:
        while not self._stopped.is_set():
            try:
                self.collect_once()
            except psutil.Error:
                logger.exception("the process could not be measured")
            self._stopped.wait(self.interval)


_timers: dict[str, Histogram] = {}


def timed(
    metric_name: str, labels: Mapping[str, str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that records how long a function takes, in a histogram of this name."""
    labels = dict(labels or {})
    if metric_name not in _timers:
        _timers[metric_name] = Histogram(metric_name, "How long it took.", list(labels), registry=registry)
    histogram = _timers[metric_name]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                (histogram.labels(**labels) if labels else histogram).observe(time.perf_counter() - started)

        return call

    return decorate
