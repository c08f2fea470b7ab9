"""Model API for Kubernetes."""

import logging
import os
import threading

from flask import Flask

MODEL_NAME = ""  # TODO: Read from the environment
LOG_LEVEL = ""  # TODO: Read from the environment
MAX_BATCH_SIZE = 0  # TODO: Read from the environment
PORT = 0  # TODO: Read from the environment

REQUEST_COUNT = None  # TODO: Counter model_api_requests_total
REQUEST_DURATION = None  # TODO: Histogram model_api_request_duration_seconds
PREDICTION_COUNT = None  # TODO: Counter model_api_predictions_total

app = Flask(__name__)
logger = logging.getLogger(__name__)


class ApplicationState:
    """Keeps whether the application is ready and alive."""

    def __init__(self):
        """Begin not ready."""
        # TODO: Implement
        pass

    def mark_ready(self) -> None:
        """Mark the application as ready."""
        # TODO: Implement
        pass

    def mark_not_ready(self) -> None:
        """Mark the application as not ready."""
        # TODO: Implement
        pass

    def mark_shutdown(self) -> None:
        """Begin the shutdown."""
        # TODO: Implement
        pass


def setup_logging() -> None:
    """Set up structured logging."""
    # TODO: Implement
    pass


def load_model():
    """Load the model."""
    # TODO: Implement
    pass


def handle_shutdown(signum, frame):
    """Shut down gracefully on SIGTERM."""
    # TODO: Implement
    pass


def initialize_application() -> None:
    """Load the model and mark the application as ready."""
    # TODO: Implement
    pass


@app.route("/")
def index():
    """Describe the service."""
    # TODO: Implement
    pass


@app.route("/health")
def health():
    """Tell whether the service is healthy."""
    # TODO: Implement
    pass


@app.route("/health/live")
def live():
    """Liveness probe."""
    # TODO: Implement
    pass


@app.route("/health/ready")
def ready():
    """Readiness probe."""
    # TODO: Implement
    pass


@app.route("/metrics")
def metrics():
    """Publish metrics for Prometheus."""
    # TODO: Implement
    pass


@app.route("/predict", methods=["POST"])
def predict():
    """Classify instances."""
    # TODO: Implement
    pass


if __name__ == "__main__":
    initialize_application()
    app.run(host="0.0.0.0", port=5000)
