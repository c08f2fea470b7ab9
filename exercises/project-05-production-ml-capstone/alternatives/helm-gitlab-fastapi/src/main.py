"""ML API with FastAPI, a model of PyTorch out of MLflow, and slow clients in mind."""

import io
import logging
import os
import time
import uuid
from collections import defaultdict
from contextlib import asynccontextmanager

import mlflow
import mlflow.pytorch
import torch
from fastapi import Depends, FastAPI, File, Header, HTTPException, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from mlflow.tracking import MlflowClient
from PIL import Image
from prometheus_client import Counter, Gauge, Histogram, generate_latest
from torchvision import transforms

logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO"))
log = logging.getLogger("ml-api")

REQUESTS = Counter("http_requests_total", "Requests.", ["method", "endpoint", "status"])
SECONDS = Histogram("http_request_duration_seconds", "Time of requests.", ["method", "endpoint"])
PREDICTIONS = Counter("model_predictions_total", "Predictions.", ["model_name", "model_version", "status"])
PREDICTION_SECONDS = Histogram(
    "model_prediction_duration_seconds", "Time of predictions.", ["model_name", "model_version"]
)
VERSION = Gauge("model_version_info", "Version of the model.", ["model_name", "version"])
LABELS = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
MAX_BYTES = int(os.environ.get("MAX_FILE_SIZE", 10 * 1024 * 1024))


class ModelManager:
    """The model and where it comes from."""

    def __init__(self, mlflow_uri, model_name, model_version="latest"):
        self.uri = mlflow_uri
        self.name = model_name
        self.version = model_version
        self.model = None

    def load_model(self):
        """Load the model; the registry's errors go to the caller."""
        mlflow.set_tracking_uri(self.uri)
        if self.version == "latest":
            self.version = MlflowClient().get_latest_versions(self.name)[0].version
        self.model = mlflow.pytorch.load_model(f"models:/{self.name}/{self.version}")
        self.model.eval()
        VERSION.labels(self.name, self.version).set(1)

    def predict(self, tensor):
        """Return the three most likely labels."""
        with torch.no_grad():
            shares = torch.nn.functional.softmax(self.model(tensor)[0], dim=0)
        values, places = torch.topk(shares, 3)
        return [
            {"class": LABELS[int(place)], "confidence": float(value)}
            for value, place in zip(values, places)
        ]

    def get_info(self):
        """Return what the model is."""
        return {"model_name": self.name, "model_version": self.version, "status": "loaded"}


manager = ModelManager(
    os.environ.get("MLFLOW_TRACKING_URI", "http://mlflow:5000"),
    os.environ.get("MODEL_NAME", "image-classifier"),
    os.environ.get("MODEL_VERSION", "latest"),
)
keys = set(os.environ.get("API_KEYS", "").split(",")) - {""}
times = defaultdict(list)
prepare = transforms.Compose(
    [
        transforms.Resize((32, 32)),
        transforms.ToTensor(),
        transforms.Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
    ]
)


def startup():
    """Load the model, or say why there is none."""
    try:
        manager.load_model()
    except Exception:
        log.exception("no model")


@asynccontextmanager
async def lifespan(_):
    """Start."""
    startup()
    yield


app = FastAPI(lifespan=lifespan)


def require_api_key(x_api_key: str | None = Header(default=None)):
    """Let only those in that have a key."""
    if x_api_key is None:
        raise HTTPException(401, "missing key")
    if x_api_key not in keys:
        raise HTTPException(403, "invalid key")
    return x_api_key


def limited(key: str = Depends(require_api_key)):
    """Ten predictions in a minute."""
    now = time.monotonic()
    times[key] = [moment for moment in times[key] if now - moment < 60] + [now]
    if len(times[key]) > int(os.environ.get("RATE_LIMIT_PREDICT", 10)):
        raise HTTPException(429, "slow down", headers={"Retry-After": "60"})


def validate_image_upload(content):
    """Return the picture. Raises ValueError."""
    if not content or len(content) > MAX_BYTES:
        raise ValueError("no picture, or too large")
    try:
        image = Image.open(io.BytesIO(content))
        image.load()
    except OSError as error:
        raise ValueError("no picture") from error
    if image.format not in ("JPEG", "PNG"):
        raise ValueError("neither JPEG nor PNG")
    return image


def preprocess_image(image):
    """Return a batch of one."""
    return prepare(image.convert("RGB")).unsqueeze(0)


@app.middleware("http")
async def count(request: Request, call_next):
    """Count and time the request."""
    began = time.perf_counter()
    response = await call_next(request)
    path = request.scope["route"].path if "route" in request.scope else "other"
    REQUESTS.labels(request.method, path, response.status_code).inc()
    SECONDS.labels(request.method, path).observe(time.perf_counter() - began)
    response.headers["X-Request-ID"] = str(uuid.uuid4())
    return response


@app.get("/health")
def health():
    """Tell whether there is a model."""
    if manager.model is None:
        return JSONResponse({"status": "unhealthy", "reason": "no model"}, 503)
    return {"status": "healthy", "model": manager.get_info()}


@app.post("/predict", dependencies=[Depends(limited)])
def predict(file: UploadFile = File()):
    """Classify a picture."""
    if manager.model is None:
        raise HTTPException(503, "no model")
    try:
        image = validate_image_upload(file.file.read())
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
    began = time.perf_counter()
    found = manager.predict(preprocess_image(image))
    took = time.perf_counter() - began
    PREDICTIONS.labels(manager.name, manager.version, "success").inc()
    PREDICTION_SECONDS.labels(manager.name, manager.version).observe(took)
    return {"predictions": found, "model_version": manager.version, "inference_time_ms": took * 1000}


@app.get("/info", dependencies=[Depends(require_api_key)])
def info():
    """Describe the service."""
    return {"service": "ml-api", "version": "1.0.0", "model": manager.get_info()}


@app.get("/metrics")
def metrics():
    """Hand out the metrics."""
    return Response(generate_latest(), media_type="text/plain")


@app.post("/reload", dependencies=[Depends(require_api_key)])
def reload():
    """Load the model anew."""
    startup()
    return {"status": "success", "message": "reloaded", "model": manager.get_info()}
