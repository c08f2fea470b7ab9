"""Classifies flowers by four measures, for a cluster that is managed by Helm."""

from __future__ import annotations

import math
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from pydantic import BaseModel, Field

MODEL_NAME = os.environ.get("MODEL_NAME", "resnet50")
LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO")
MAX_BATCH_SIZE = int(os.getenv("MAX_BATCH_SIZE", "32"))
PORT = int(os.getenv("PORT", "5000"))

CENTRES = {
    "setosa": (5.0, 3.4, 1.5, 0.2),
    "versicolor": (5.9, 2.8, 4.3, 1.3),
    "virginica": (6.6, 3.0, 5.6, 2.0),
}
REQUESTS = Counter(
    "model_api_requests_total", "Requests", ["method", "endpoint", "status_code"]
)
REQUEST_TIME = Histogram(
    "model_api_request_duration_seconds", "Time of a request", ["method", "endpoint"]
)
PREDICTIONS = Counter(
    "model_api_predictions_total", "Predictions", ["model_name", "status"]
)
INFERENCE_TIME = Histogram(
    "model_api_inference_duration_seconds", "Time of a batch", ["model_name"]
)
LOADED = Gauge(
    "model_api_model_loaded", "Whether the model is loaded", ["model_name", "version"]
)
STARTED = time.monotonic()


@asynccontextmanager
async def lifespan(application: FastAPI) -> AsyncIterator[None]:
    """Hold the model between the start and SIGTERM, which uvicorn handles."""
    application.state.centres = CENTRES
    LOADED.labels(MODEL_NAME, "2.0").set(1)
    yield
    LOADED.labels(MODEL_NAME, "2.0").set(0)
    application.state.centres = None


app = FastAPI(title="Model Serving API", version="2.0", lifespan=lifespan)


class Batch(BaseModel):
    """Flowers: length and width of sepal and petal, in centimetres."""

    instances: list[tuple[float, float, float, float]] = Field(
        min_length=1, max_length=MAX_BATCH_SIZE
    )


@app.middleware("http")
async def measure(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Count and time each request by its route."""
    began = time.perf_counter()
    response = await answer(request)
    route = request.scope.get("route")
    path = route.path if route else "unknown"
    REQUESTS.labels(request.method, path, str(response.status_code)).inc()
    REQUEST_TIME.labels(request.method, path).observe(time.perf_counter() - began)
    return response


@app.get("/")
def index() -> dict[str, str]:
    """Say what this is."""
    return {"service": "Model Serving API", "version": "2.0", "model": MODEL_NAME}


@app.get("/health")
@app.get("/health/ready")
def health(request: Request) -> JSONResponse:
    """Tell whether flowers can be classified."""
    loaded = request.app.state.centres is not None
    body = {
        "status": "healthy" if loaded else "unhealthy",
        "model_loaded": loaded,
        "model_name": MODEL_NAME,
        "uptime_seconds": time.monotonic() - STARTED,
    }
    return JSONResponse(body, 200 if loaded else 503)


@app.get("/health/live")
def live() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "alive"}


@app.get("/metrics")
def metrics() -> Response:
    """Publish the metrics."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@app.post("/predict")
def predict(batch: Batch, request: Request) -> dict[str, object]:
    """Name the species of each flower."""
    if request.app.state.centres is None:
        raise HTTPException(503, "the model is not loaded")
    began = time.perf_counter()
    predictions = [classify(instance) for instance in batch.instances]
    seconds = time.perf_counter() - began
    INFERENCE_TIME.labels(MODEL_NAME).observe(seconds)
    PREDICTIONS.labels(MODEL_NAME, "success").inc(len(predictions))
    return {
        "predictions": predictions,
        "model_name": MODEL_NAME,
        "inference_time_ms": seconds * 1000,
    }


def classify(flower: tuple[float, ...]) -> dict[str, object]:
    """Find the nearest centre, and how much nearer than the others it is."""
    weights = {
        name: math.exp(-min(50.0, math.dist(flower, centre)))
        for name, centre in CENTRES.items()
    }
    best = max(weights, key=weights.__getitem__)
    return {"class": best, "confidence": weights[best] / sum(weights.values())}
