"""Metrics of the API. Fill in the metrics and the functions that record them."""

from typing import Any, Callable, Dict, List, Optional

# from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

# TODO: Implement the registry and the metrics
# registry = CollectorRegistry()
# app_info = Info("app", "Application", registry=registry)
# http_requests_total = Counter("http_requests_total", "Requests", ["method", "endpoint", "status"], registry=registry)
# http_request_duration_seconds = Histogram(
#     "http_request_duration_seconds", "Duration", ["method", "endpoint"],
#     buckets=[0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10], registry=registry)
# model_predictions_total = Counter(
#     "model_predictions_total", "Predictions", ["model_name", "prediction_class"], registry=registry)


class MetricsMiddleware:
    """Records every request."""

    def __init__(self, app):
        """Remember the application.

        Args:
            app: The Flask application.
        """
        # TODO: Implement
        pass  # Remove after implementing

    def setup_middleware(self):
        """Record what happens before and after each request."""
        # TODO: Implement with app.before_request and app.after_request
        pass  # Remove after implementing

    def track_prediction(
        self, model_name: str, prediction_class: str, confidence: float, inference_time: float
    ) -> None:
        """Record a prediction.

        Args:
            model_name: Name of the model.
            prediction_class: What it predicted.
            confidence: How sure it was.
            inference_time: Seconds that it took.
        """
        # TODO: Implement
        pass  # Remove after implementing

    def track_data_quality(self, missing_features: List[str], drift_scores: Dict[str, float]) -> None:
        """Record missing features and drift."""
        # TODO: Implement
        pass  # Remove after implementing

    def update_model_accuracy(self, model_name: str, accuracy: float) -> None:
        """Set the accuracy of a model."""
        # TODO: Implement
        pass  # Remove after implementing


class SystemMetricsCollector:
    """Measures the process with psutil."""

    def __init__(self, interval: int = 15):
        """Measure every so many seconds."""
        # TODO: Implement
        pass  # Remove after implementing

    def collect_once(self):
        """Measure once."""
        # TODO: Implement
        pass  # Remove after implementing

    def start_background_collection(self):
        """Measure from now on."""
        # TODO: Implement
        pass  # Remove after implementing


def timed(metric_name: str, labels: Optional[Dict[str, str]] = None) -> Callable:
    """Return a decorator that times a function."""
    # TODO: Implement
    pass  # Remove after implementing


def metrics_endpoint() -> Any:
    """Return all metrics as text."""
    # TODO: Implement with generate_latest(registry)
    pass  # Remove after implementing
