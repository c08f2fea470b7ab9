"""The churn API: predictions over HTTP, watched from all sides."""

from __future__ import annotations

import logging
import os

MODEL_PATH = os.environ["MODEL_PATH"]

import time
import uuid
from typing import Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from app import model
from src.custom_metrics import ConfidenceAnalyzer, DataDriftDetector, DataQualityMonitor, ModelPerformanceMonitor
from src.instrumentation import MetricsMiddleware, SystemMetricsCollector, app_info, metrics_endpoint
from src.logs import setup_logging

logger = logging.getLogger("churn-api")

VERSION = "1.0.0"
DRIFT_EVERY = 100
"""Drift is computed each time that so many requests have come in."""


def create_app() -> Flask:
    """Return the application, with its metrics, logs and monitors."""
    setup_logging(os.getenv("LOG_LEVEL", "INFO"))
    app = Flask(__name__)
    metrics = MetricsMiddleware(app)
    app_info.info(
        {
            "version": VERSION,
            "environment": os.getenv("ENVIRONMENT", "development"),
            "service": os.getenv("SERVICE_NAME", "churn-api"),
            "model_version": os.getenv("MODEL_VERSION", "2026-01"),
        }
    )
    SystemMetricsCollector(interval=15).start_background_collection()
    _add_routes(app, metrics)
    app.after_request(_log_request)
    app.register_error_handler(HTTPException, _refused)
    return app


def _add_routes(app: Flask, metrics: MetricsMiddleware) -> None:
    quality = DataQualityMonitor(model.SCHEMA)
    detector = DataDriftDetector(model.reference_data(), model.FEATURES, method="psi")
    performance = ModelPerformanceMonitor(model.NAME)
    confidences = ConfidenceAnalyzer()
    recent: list[list[float]] = []

    @app.get("/metrics")
    def scrape() -> Response:
        return metrics_endpoint()

    @app.get("/health")
    def health() -> Response:
        return jsonify(status="healthy", model=model.NAME, version=VERSION, confidence=confidences.get_statistics())

    @app.post("/predict")
    def predict() -> Any:
        body = request.get_json(silent=True)
        features = body.get("features", body) if isinstance(body, dict) else None
        if not isinstance(features, dict):
            metrics.track_refusal("no_json")
            return jsonify(error="send a JSON object with features"), 400
        problems = {kind: names for kind, names in quality.validate_request(features).items() if names}
        metrics.track_data_quality(problems.get("missing", []), {})
        if problems:
            metrics.track_refusal(next(iter(problems)))
            return jsonify(error="features cannot be used", problems=problems), 422
        started = time.perf_counter()
        try:
            predicted, confidence = model.predict(features)
        except (ValueError, ArithmeticError) as error:
            metrics.track_error(model.NAME, type(error).__name__)
            raise
        metrics.track_prediction(model.NAME, predicted, confidence, time.perf_counter() - started)
        metrics.track_customer(_tier_of(body))
        confidences.add_confidence(confidence)
        g.prediction = {"model_name": model.NAME, "prediction_class": predicted, "confidence": round(confidence, 4)}
        recent.append([float(features[name]) for name in model.FEATURES])
        if len(recent) >= DRIFT_EVERY:
            found = detector.detect_drift(recent)
            metrics.track_data_quality([], {result.feature_name: result.statistic for result in found})
            recent.clear()
        return jsonify(prediction=predicted, confidence=confidence, model=model.NAME)

    @app.post("/feedback")
    def feedback() -> Any:
        body = request.get_json(silent=True)
        if not isinstance(body, dict) or not {"predicted", "actual"} <= body.keys():
            metrics.track_refusal("no_feedback")
            return jsonify(error="send predicted and actual"), 400
        performance.add_prediction(str(body["predicted"]), str(body["actual"]))
        if found := performance.calculate_metrics():
            metrics.update_model_accuracy(model.NAME, found.accuracy)
        return jsonify(samples=found.sample_count if found else None), 202


def _tier_of(body: dict[str, Any]) -> str:
    """Return the customer's tier; whatever is not known is one series, however many names are sent."""
    tier = body.get("customer_tier")
    return tier if tier in {"free", "pro", "enterprise"} else "unknown"


def _log_request(response: Response) -> Response:
    facts = {
        "request_id": request.headers.get("X-Request-ID") or str(uuid.uuid4()),
        "endpoint": request.path,
        "method": request.method,
        "status_code": response.status_code,
        "duration_ms": round(1000 * (time.perf_counter() - g.started), 2),
        **g.get("prediction", {}),
    }
    level = logging.ERROR if response.status_code >= 500 else logging.INFO
    logger.log(level, "%s %s", request.method, request.path, extra=facts)
    response.headers["X-Request-ID"] = facts["request_id"]
    return response


def _refused(error: HTTPException) -> tuple[Response, int]:
    return jsonify(error=error.name), error.code or 500


app = create_app()

if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.getenv("PORT", "5000")))
