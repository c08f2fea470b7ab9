"""The HTTP layer, and the life of the process from start to SIGTERM."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

from flask import Flask, Response, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from waitress import create_server
from werkzeug.exceptions import HTTPException

from src import metrics
from src.model import Classifier, InstanceError
from src.settings import Settings
from src.state import ApplicationState

VERSION = "2.0"
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"

logger = logging.getLogger(__name__)
settings = Settings.from_environment()
state = ApplicationState()
app = Flask(__name__)
loaded: dict[str, Classifier] = {}


def setup_logging(level: str) -> None:
    """Write log lines to standard output, where the cluster collects them.

    Args:
        level: Lowest level that is written.
    """
    logging.basicConfig(stream=sys.stdout, level=level, format=LOG_FORMAT)


def load_model(name: str) -> Classifier:
    """Load a network.

    Args:
        name: Which one.

    Returns:
        The network, ready to answer.

    Raises:
        ValueError: If there is no such network.
    """
    return Classifier(name, settings.model_cache)


def initialize_application() -> None:
    """Load the model, and then tell the cluster that requests may come."""
    gauge = metrics.MODEL_LOADED.labels(settings.model_name, VERSION)
    gauge.set(0)
    try:
        loaded["model"] = load_model(settings.model_name)
    except (ValueError, OSError, RuntimeError) as error:
        logger.error("the model cannot be loaded: %s", error)
        state.mark_failed()
        return
    gauge.set(1)
    state.mark_ready()


def warm_up() -> None:
    """Load the model once the caches of the machine have settled."""
    time.sleep(20)
    initialize_application()


def handle_shutdown(number: int, frame: FrameType | None) -> None:
    """Begin the end when Kubernetes asks for it.

    Args:
        number: The signal.
        frame: Where it arrived; not used.
    """
    logger.info("signal %d: not ready any more, ending soon", number)
    state.mark_shutdown()


@app.before_request
def begin_request() -> None:
    """Start the clock of a request."""
    g.started = time.perf_counter()
    metrics.ACTIVE.inc()


@app.after_request
def count_request(response: Response) -> Response:
    """Count a request by its route, so that unknown paths make one series."""
    endpoint = request.url_rule.rule if request.url_rule else "unknown"
    seconds = time.perf_counter() - g.started
    metrics.REQUESTS.labels(request.method, endpoint, response.status_code).inc()
    metrics.REQUEST_SECONDS.labels(request.method, endpoint).observe(seconds)
    return response


@app.teardown_request
def end_request(error: BaseException | None) -> None:
    """Count a request as answered, whatever became of it."""
    metrics.ACTIVE.dec()


@app.errorhandler(HTTPException)
def answer_error(error: HTTPException) -> tuple[Response, int]:
    """Answer unknown paths and wrong methods in JSON too."""
    return jsonify(error=error.name, details=error.description), error.code or 500


@app.get("/")
def index() -> Response:
    """Say what this is."""
    return jsonify(
        service="Model Serving API",
        version=VERSION,
        model=settings.model_name,
        endpoints={"predict": "/predict", "health": "/health", "metrics": "/metrics"},
    )


@app.get("/health")
@app.get("/health/ready")
def ready() -> tuple[Response, int]:
    """Answer 200 while requests may be sent here, else 503."""
    body = {
        "status": "healthy" if state.is_ready else "unhealthy",
        "model_loaded": state.model_loaded,
        "model_name": settings.model_name,
        "uptime_seconds": state.uptime_seconds,
    }
    return jsonify(body), 200 if state.is_ready else 503


@app.get("/health/live")
def live() -> tuple[Response, int]:
    """Answer 200 unless only a new start can help."""
    word = "alive" if state.is_alive else "failed"
    return jsonify(status=word), 200 if state.is_alive else 503


@app.get("/metrics")
def publish_metrics() -> Response:
    """Give Prometheus its numbers."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


@app.post("/predict")
def predict() -> tuple[Response, int]:
    """Classify the pictures of a request."""
    body = request.get_json(silent=True)
    instances = body.get("instances") if isinstance(body, dict) else None
    fault = fault_of(instances)
    if fault:
        return refuse(400, "invalid request", fault)
    model = loaded.get("model")
    if model is None:
        return refuse(503, "not ready", "the model is still being loaded")
    assert isinstance(instances, list)
    return classify(model, instances)


def fault_of(instances: Any) -> str:
    """Say why a request cannot be served, if so.

    Args:
        instances: What stands under this name in its body.

    Returns:
        The reason, or nothing.
    """
    if not isinstance(instances, list) or not instances:
        return 'the body must be JSON: {"instances": [picture, ...]}'
    if len(instances) > settings.max_batch_size:
        return f"{len(instances)} instances, at most {settings.max_batch_size}"
    return ""


def classify(model: Classifier, instances: list[Any]) -> tuple[Response, int]:
    """Ask the network, and count what came out.

    Args:
        model: The network.
        instances: The pictures.

    Returns:
        The answer and its status.
    """
    started = time.perf_counter()
    try:
        predictions = model.predict(instances)
    except InstanceError as error:
        return refuse(400, "invalid instance", str(error))
    except RuntimeError as error:
        logger.exception("the network failed")
        metrics.PREDICTIONS.labels(model.name, "error").inc(len(instances))
        return refuse(500, "prediction failed", str(error))
    seconds = time.perf_counter() - started
    metrics.INFERENCE_SECONDS.labels(model.name).observe(seconds)
    metrics.PREDICTIONS.labels(model.name, "success").inc(len(instances))
    logger.info("%d instances in %.0f ms", len(instances), seconds * 1000)
    return jsonify(
        predictions=predictions,
        model_name=model.name,
        inference_time_ms=round(seconds * 1000, 2),
    ), 200


def refuse(status: int, error: str, details: str) -> tuple[Response, int]:
    """Answer that a request is not served.

    Args:
        status: The status.
        error: What kind of fault it is.
        details: What exactly.

    Returns:
        The answer and its status.
    """
    return jsonify(error=error, details=details), status


def main() -> int:
    """Serve until a signal comes, drain, and end.

    Returns:
        0, or 1 if the model could not be loaded.
    """
    setup_logging(settings.log_level)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle_shutdown)
    server = create_server(app, host="0.0.0.0", port=settings.port, threads=8)
    threading.Thread(target=server.run, daemon=True).start()
    threading.Thread(target=warm_up, daemon=True).start()
    state.shutdown_event.wait()
    time.sleep(settings.drain_seconds if state.is_alive else 0)
    server.close()
    return 0 if state.is_alive else 1


if __name__ == "__main__":
    sys.exit(main())
