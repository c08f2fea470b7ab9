"""FastAPI service: plain functions that run in threads."""

import io
import logging
import time
import uuid
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import Any, AsyncIterator

import requests
import uvicorn
from fastapi import FastAPI, File, Form, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from PIL import Image
from starlette.exceptions import HTTPException

from src.config import config
from src.model_loader import ModelLoader

logging.basicConfig(level=config.LOG_LEVEL)
logger = logging.getLogger(__name__)
loader = ModelLoader(config.MODEL_NAME, config.DEVICE)
started = time.time()
failure = "the model is not loaded yet"
NAMES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "FILE_TOO_LARGE"}


class Refused(Exception):
    """A request that gets no prediction."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Say why.

        Args:
            status: HTTP status.
            code: Name of the error.
            message: Reason, for people.
        """
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Load the model at the start.

    Args:
        _: The application.

    Yields:
        Nothing.
    """
    global failure
    config.validate()
    try:
        loader.load()
    except (OSError, requests.RequestException) as error:
        failure = f"the model cannot be loaded: {error}"
        logger.error(failure)
    yield


app = FastAPI(title="Image classifier", lifespan=lifespan)


def now() -> str:
    """Tell the time.

    Returns:
        ISO 8601.
    """
    return datetime.now(timezone.utc).isoformat()


@app.middleware("http")
async def with_id(request: Request, call_next: Any) -> Any:
    """Name every request, and log it.

    Args:
        request: The request.
        call_next: What answers.

    Returns:
        The answer.
    """
    name = request.headers.get("x-request-id") or f"req-{uuid.uuid4().hex[:8]}"
    request.state.name = name
    response = await call_next(request)
    response.headers["X-Correlation-ID"] = name
    logger.info("%s %s %s", name, request.url.path, response.status_code)
    return response


def refuse(request: Request, status: int, code: str, message: str) -> JSONResponse:
    """Build the answer to a request that is refused.

    Args:
        request: The request.
        status: HTTP status.
        code: Name of the error.
        message: Reason.

    Returns:
        The answer.
    """
    error = {"code": code, "message": message, "correlation_id": request.state.name}
    return JSONResponse({"success": False, "error": error}, status)


@app.exception_handler(Refused)
def on_refused(request: Request, error: Refused) -> JSONResponse:
    """Answer what an endpoint refused.

    Args:
        request: The request.
        error: Why.

    Returns:
        The answer.
    """
    return refuse(request, error.status, error.code, error.message)


@app.exception_handler(HTTPException)
def on_http(request: Request, error: HTTPException) -> JSONResponse:
    """Answer what the framework refused.

    Args:
        request: The request.
        error: Why.

    Returns:
        The answer.
    """
    code = NAMES.get(error.status_code, "HTTP_ERROR")
    return refuse(request, error.status_code, code, str(error.detail))


@app.exception_handler(RequestValidationError)
def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer a request without its file.

    Args:
        request: The request.
        error: What is missing.

    Returns:
        The answer.
    """
    return refuse(request, 400, "MISSING_FILE", str(error.errors()[0]["msg"]))


def read_picture(content: bytes) -> Image.Image:
    """Open what was uploaded.

    Args:
        content: The bytes.

    Returns:
        The picture.

    Raises:
        Refused: If it is none.
    """
    if len(content) > config.MAX_FILE_SIZE:
        raise Refused(413, "FILE_TOO_LARGE", "The file is too large")
    try:
        image = Image.open(io.BytesIO(content))
        image.load()
    except (OSError, ValueError, SyntaxError) as error:
        raise Refused(400, "INVALID_IMAGE_FORMAT", "Not a picture") from error
    fine, reason = loader.validate_image(image)
    if not fine:
        raise Refused(400, "INVALID_IMAGE", str(reason))
    return image


@app.post("/predict")
def predict(
    request: Request, file: UploadFile = File(...), top_k: str | None = Form(None)
) -> JSONResponse:
    """Classify an upload.

    Args:
        request: The request.
        file: The picture.
        top_k: How many classes are wanted.

    Returns:
        The classes.

    Raises:
        Refused: If that is not possible.
    """
    begun = time.perf_counter()
    if loader.model is None:
        raise Refused(503, "MODEL_NOT_LOADED", failure)
    wanted = top_k or str(config.DEFAULT_TOP_K)
    if not wanted.isdecimal() or not 1 <= int(wanted) <= config.MAX_TOP_K:
        raise Refused(400, "INVALID_PARAMETER", f"top_k is 1 to {config.MAX_TOP_K}")
    image = read_picture(file.file.read())
    body = {
        "success": True,
        "predictions": loader.predict(image, int(wanted)),
        "latency_ms": (time.perf_counter() - begun) * 1000,
        "correlation_id": request.state.name,
        "timestamp": now(),
    }
    return JSONResponse(body, headers={"Cache-Control": "no-cache"})


@app.get("/health")
def health() -> JSONResponse:
    """Tell how the service is.

    Returns:
        200 with the model, else 503.
    """
    body: dict[str, Any] = {"timestamp": now(), "model_loaded": False}
    if loader.model is None:
        return JSONResponse({**body, "status": "unhealthy", "reason": failure}, 503)
    body |= {"status": "healthy", "model_loaded": True}
    body |= {"model_name": loader.model_name, "uptime_seconds": time.time() - started}
    return JSONResponse(body)


@app.get("/info")
def info() -> dict[str, Any]:
    """Describe the service.

    Returns:
        Model, API and limits.

    Raises:
        Refused: If there is no model.
    """
    if loader.model is None:
        raise Refused(503, "MODEL_NOT_LOADED", failure)
    return {
        "model": loader.get_model_info(),
        "api": {"version": "1.0.0", "endpoints": ["/predict", "/health", "/info"]},
        "limits": {
            "max_file_size_mb": config.MAX_FILE_SIZE / 1024 / 1024,
            "max_image_dimension": config.MAX_IMAGE_DIMENSION,
            "timeout_seconds": config.REQUEST_TIMEOUT,
        },
    }


if __name__ == "__main__":
    uvicorn.run(app, host=config.HOST, port=config.PORT)
