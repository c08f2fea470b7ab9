"""HTTP layer: routes, one shape of error, and the start-up."""

from __future__ import annotations

import logging
import time
import uuid
from typing import Any

from flask import Flask, Response, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import HTTPException

from src import metrics
from src.images import TooLarge, preprocess_image, validate_image_upload
from src.model_manager import ModelManager, ModelUnavailable
from src.security import RateLimiter, Refused, require_api_key
from src.settings import read_settings

VERSION = "1.0.0"
OPEN_PATHS = {"/health", "/metrics"}

settings = read_settings()
logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
logger = logging.getLogger(__name__)

app = Flask(__name__)
# A form around a picture of the greatest size that is allowed.
app.config["MAX_CONTENT_LENGTH"] = settings.max_file_size + 64 * 1024

manager = ModelManager(settings.mlflow_uri, settings.model_name, settings.model_version)
limiters = {"": RateLimiter(settings.limit_all), "/predict": RateLimiter(settings.limit_predict)}


def startup() -> None:
    """Load the model; without one the service runs on and says that it is unhealthy."""
    manager.load_model()
    metrics.MODEL_VERSION.clear()
    metrics.MODEL_VERSION.labels(manager.model_name, manager.model_version).set(1)


@app.before_request
def admit() -> None:
    """Name the request; let it in only with a key, and not too often."""
    g.request_id = request.headers.get("X-Request-ID", "")[:64] or str(uuid.uuid4())
    g.started = time.perf_counter()
    g.allowance = None
    if request.path in OPEN_PATHS:
        return
    key = request.headers.get(settings.api_key_header)
    require_api_key(key, settings.api_keys)
    for path, limiter in limiters.items():
        if path in ("", request.path):
            g.allowance = limiter.take(key or "")
            if g.allowance.is_used_up:
                raise Refused(429, "Too many requests; try again later.")


@app.after_request
def finish(response: Response) -> Response:
    """Count the answer, and name request and model in its headers."""
    endpoint = request.url_rule.rule if request.url_rule else "unknown"
    metrics.REQUESTS.labels(request.method, endpoint, str(response.status_code)).inc()
    metrics.REQUEST_SECONDS.labels(request.method, endpoint).observe(time.perf_counter() - g.started)
    response.headers["X-Request-ID"] = g.request_id
    response.headers["X-Model-Version"] = manager.get_info()["version"]
    if g.allowance is not None:
        response.headers.update(g.allowance.headers())
    return response


@app.get("/health")
def health() -> tuple[Response, int]:
    """Tell whether predictions can be made."""
    if not manager.is_loaded:
        return jsonify(status="unhealthy", reason="the model is not loaded"), 503
    return jsonify(status="healthy", model=manager.get_info()), 200


@app.post("/predict")
def predict() -> Response:
    """Classify an uploaded picture."""
    upload = request.files.get("file")
    content = upload.read() if upload is not None else None
    batch = preprocess_image(validate_image_upload(content, settings.max_file_size))
    labels = (manager.model_name, manager.get_info()["version"])
    manager.load_model()
    started = time.perf_counter()
    try:
        predictions = manager.predict(batch)
    except (ModelUnavailable, ArithmeticError, LookupError):
        metrics.PREDICTIONS.labels(*labels, "error").inc()
        raise
    seconds = time.perf_counter() - started
    metrics.PREDICTIONS.labels(*labels, "success").inc()
    metrics.PREDICTION_SECONDS.labels(*labels).observe(seconds)
    return jsonify(
        predictions=predictions,
        model_version=manager.model_version,
        inference_time_ms=round(seconds * 1000, 3),
    )


@app.get("/info")
def info() -> Response:
    """Describe the service and its model."""
    return jsonify(
        service="ml-api", version=VERSION, environment=settings.environment, model=manager.get_info()
    )


@app.get("/metrics")
def expose_metrics() -> Response:
    """Hand out the metrics."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


@app.post("/reload")
def reload() -> Response:
    """Load the wanted version of the model anew; the old one answers until then."""
    manager.load_model()
    return jsonify(status="success", message="The model was loaded.", model=manager.get_info())


def _refusal(status: int, message: str) -> tuple[Response, int]:
    """Return an answer that tells nothing about the inside."""
    return jsonify(error={"status": status, "message": message}, request_id=g.request_id), status


@app.errorhandler(Refused)
def on_refused(error: Refused) -> tuple[Response, int]:
    """Answer who may not ask, or not so often."""
    return _refusal(error.status, error.message)


@app.errorhandler(ValueError)
def on_invalid(error: ValueError) -> tuple[Response, int]:
    """Answer an upload that cannot be used."""
    return _refusal(413 if isinstance(error, TooLarge) else 400, str(error))


@app.errorhandler(ModelUnavailable)
def on_unavailable(error: ModelUnavailable) -> tuple[Response, int]:
    """Answer while there is no model."""
    logger.error("no model: %s", error)
    return _refusal(503, "The model is not available.")


@app.errorhandler(HTTPException)
def on_http_error(error: HTTPException) -> tuple[Response, int]:
    """Answer what fits no route."""
    return _refusal(error.code or 500, error.name)


@app.errorhandler(Exception)
def on_fault(error: Exception) -> tuple[Response, int]:
    """Answer after a fault of ours; the log has the traceback."""
    logger.error("request %s failed", g.request_id, exc_info=error)
    return _refusal(500, "Something went wrong.")


startup()


def main() -> Any:
    """Serve on this machine, for development."""
    return app.run(host="0.0.0.0", port=settings.port)  # noqa: S104 - in a container


if __name__ == "__main__":
    main()
