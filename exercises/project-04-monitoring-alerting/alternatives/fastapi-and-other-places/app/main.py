"""The API."""

import logging
import os
import sys
import time
import uuid

from fastapi import FastAPI, HTTPException, Request
from pythonjsonlogger.json import JsonFormatter

from src.custom_metrics import DataQualityMonitor
from src.instrumentation import (
    APP_INFO, INVALID, PREDICTION_ERRORS, MetricsMiddleware, SystemMetricsCollector, metrics_endpoint,
)

handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(
    JsonFormatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s",
        rename_fields={"asctime": "timestamp", "levelname": "level", "name": "logger"},
        static_fields={"service": "price-api", "environment": os.getenv("ENVIRONMENT", "dev")},
    )
)
logging.basicConfig(level=os.getenv("LOG_LEVEL", "INFO"), handlers=[handler])
log = logging.getLogger("price-api")

app = FastAPI()
metrics = MetricsMiddleware(app)
quality = DataQualityMonitor({"rooms": {"min": 1, "max": 30}, "area": {"min": 5, "max": 2000}})
APP_INFO.info({"version": "0.3", "environment": os.getenv("ENVIRONMENT", "dev"), "service": "price-api", "model_version": "3"})
SystemMetricsCollector().start_background_collection()


@app.middleware("http")
async def log_request(request: Request, call_next):
    """Log each request."""
    start = time.perf_counter()
    response = await call_next(request)
    log.info(
        "request",
        extra={
            "request_id": request.headers.get("x-request-id", str(uuid.uuid4())),
            "endpoint": request.url.path,
            "status_code": response.status_code,
            "duration_ms": 1000 * (time.perf_counter() - start),
        },
    )
    return response


@app.get("/health")
def health():
    """Tell that it is up."""
    return {"status": "ok"}


@app.get("/metrics")
def scrape():
    """Hand the metrics out."""
    return metrics_endpoint()


@app.post("/predict")
def predict(features: dict):
    """Tell whether a flat is expensive."""
    problems = quality.validate_request(features)
    if problems:
        INVALID.labels(endpoint="/predict").inc()
        metrics.track_data_quality([name for name, what in problems if what == "missing"], {})
        raise HTTPException(422, problems)
    start = time.perf_counter()
    try:
        score = features["area"] / features["rooms"]
    except ZeroDivisionError:
        PREDICTION_ERRORS.labels(kind="division").inc()
        raise
    kind = "expensive" if score > 40 else "cheap"
    metrics.track_prediction("price", kind, 0.8, time.perf_counter() - start)
    return {"prediction": kind}


@app.post("/accuracy/{value}")
def accuracy(value: float):
    """Take the accuracy that the nightly job has computed."""
    metrics.update_model_accuracy("price", value)
    return {}
