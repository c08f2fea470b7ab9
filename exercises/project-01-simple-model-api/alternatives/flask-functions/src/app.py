"""Flask service around the classifier."""

import io
import logging
import time
import uuid
from datetime import datetime, timezone
from typing import Any, Dict, Tuple

from flask import Flask, Response, g, jsonify, request
from PIL import Image, UnidentifiedImageError
from werkzeug.exceptions import HTTPException

from config import Settings
from model_loader import load_imagenet_labels, load_model
from model_loader import predict as classify

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("model-api")
settings = Settings()
app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = settings.MAX_FILE_SIZE
STARTED = time.time()
STATE: Dict[str, Any] = {"model": None, "labels": [], "reason": "not loaded"}
Answer = Tuple[Response, int]


def now() -> str:
    """Return the time as ISO 8601.

    Returns:
        The time in UTC.
    """
    return datetime.now(timezone.utc).isoformat()


def error(code: str, message: str, status: int) -> Answer:
    """Build an error answer in the agreed shape.

    Args:
        code: For programs.
        message: For people.
        status: HTTP status.

    Returns:
        Body and status.
    """
    log.warning("%s %s %s", g.request_id, code, message)
    body = {"code": code, "message": message, "correlation_id": g.request_id}
    return jsonify({"success": False, "error": body}), status


def start() -> None:
    """Load the network into the state of the service; without it, say why."""
    for problem in settings.problems():
        raise ValueError(problem)
    try:
        STATE["model"] = load_model(settings.MODEL_NAME, settings.DEVICE)
        STATE["labels"] = load_imagenet_labels()
    except OSError as problem:
        log.exception("the weights cannot be fetched")
        STATE["reason"] = str(problem)


@app.before_request
def name_request() -> None:
    """Give the request the name that the caller sent, or a new one."""
    sent = request.headers.get("X-Request-ID") or request.headers.get(
        "X-Correlation-ID"
    )
    g.request_id = sent or "req-" + uuid.uuid4().hex[:8]


@app.after_request
def tell_name(response: Response) -> Response:
    """Send the name of the request back.

    Args:
        response: The answer.

    Returns:
        The answer with its headers.
    """
    response.headers["X-Correlation-ID"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@app.route("/predict", methods=["POST"])
def predict() -> Answer:
    """Classify the uploaded image.

    Returns:
        The classes, or why there are none.
    """
    begun = time.perf_counter()
    if STATE["model"] is None:
        return error("MODEL_ERROR", "model is not loaded", 503)
    if "file" not in request.files:
        return error("MISSING_FILE", "no file part", 400)
    try:
        top_k = int(request.form.get("top_k", settings.DEFAULT_TOP_K))
    except ValueError:
        return error("INVALID_PARAMETER", "top_k must be a number", 400)
    if not 1 <= top_k <= settings.MAX_TOP_K:
        return error("INVALID_PARAMETER", "top_k is out of range", 400)
    try:
        image = Image.open(io.BytesIO(request.files["file"].read()))
        image.load()
    except (UnidentifiedImageError, OSError):
        return error("INVALID_IMAGE_FORMAT", "not an image", 400)
    if max(image.size) > settings.MAX_IMAGE_DIMENSION:
        return error("INVALID_IMAGE", "image is too large", 400)
    try:
        found = classify(STATE["model"], image, STATE["labels"], top_k)
    except RuntimeError:
        log.exception("inference failed")
        return error("MODEL_ERROR", "inference failed", 500)
    took = (time.perf_counter() - begun) * 1000
    body = {"success": True, "predictions": found, "latency_ms": took}
    return jsonify({**body, "timestamp": now()}), 200


@app.get("/health")
def health() -> Answer:
    """Report whether predictions are possible.

    Returns:
        200 or 503.
    """
    if STATE["model"] is None:
        body: Dict[str, Any] = {"status": "unhealthy", "model_loaded": False}
        body["reason"] = STATE["reason"]
        return jsonify({**body, "timestamp": now()}), 503
    body = {"status": "healthy", "model_loaded": True, "timestamp": now()}
    uptime = time.time() - STARTED
    extra = {"model_name": settings.MODEL_NAME, "uptime_seconds": uptime}
    return jsonify({**body, **extra}), 200


@app.get("/model/info")
def model_info() -> Response:
    """Describe the model and the limits.

    Returns:
        Both as JSON.
    """
    model = {
        "name": settings.MODEL_NAME,
        "framework": "pytorch",
        "version": "1.0",
        "input_shape": [224, 224, 3],
        "output_classes": 1000,
    }
    limits = {
        "max_image_dimension": settings.MAX_IMAGE_DIMENSION,
        "max_file_size_mb": settings.MAX_FILE_SIZE / 1024**2,
    }
    paths = ["/predict", "/health", "/model/info"]
    api = {"version": "1.0.0", "endpoints": paths}
    return jsonify({"model": model, "api": api, "limits": limits})


@app.errorhandler(HTTPException)
def http_error(problem: HTTPException) -> Answer:
    """Turn Flask's own errors into JSON.

    Args:
        problem: What Flask raised.

    Returns:
        Body and status.
    """
    codes = {404: "NOT_FOUND", 413: "FILE_TOO_LARGE"}
    status = problem.code or 500
    return error(codes.get(status, "HTTP_ERROR"), str(problem.description), status)


start()

if __name__ == "__main__":
    app.run(host=settings.HOST, port=settings.PORT, debug=settings.DEBUG)
