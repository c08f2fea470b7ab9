"""HTTP layer: three endpoints, one shape of error, and the start-up."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import anyio
import uvicorn
from anyio import to_thread
from fastapi import FastAPI, File, Form, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from src.config import config
from src.logs import set_up_logging
from src.model_loader import ModelLoader, Prediction
from src.responses import (
    ApiError,
    answer,
    begin,
    elapsed_ms,
    format_success_response,
    refuse,
    utc_now,
)
from src.schemas import ErrorBody, HealthBody, InfoBody, PredictionBody, UnhealthyBody
from src.uploads import check_headers, read_upload, validate_image_file

logger = logging.getLogger(__name__)

RETRY_SECONDS = 60
IN_CONTAINER = Path("/opt/model-cache").exists()
seen: list[bytes] = []
HTTP_CODES = {400: "BAD_REQUEST", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
TopK = Annotated[int | None, Form(ge=1, le=config.MAX_TOP_K)]
TopKQuery = Annotated[int | None, Query(alias="top_k", ge=1, le=config.MAX_TOP_K)]
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody} for status in (400, 413, 415, 500, 503, 504)
}


def init_model(application: FastAPI) -> None:
    """Load the network; a service without one runs on, and says it is unhealthy.

    Args:
        application: The application whose state holds the network.
    """
    loader = ModelLoader(config.MODEL_NAME, config.DEVICE)
    application.state.loader = loader
    application.state.reason = "the model is being loaded"
    try:
        loader.load()
    except (OSError, RuntimeError, ValueError) as error:
        logger.exception("the model cannot be loaded")
        application.state.reason = f"the model cannot be loaded: {error}"


@asynccontextmanager
async def lifespan(application: FastAPI) -> AsyncIterator[None]:
    """Make the service ready before the first request.

    Args:
        application: The application that starts.

    Yields:
        Nothing, while the application runs.
    """
    set_up_logging(config.LOG_LEVEL, config.LOG_FORMAT)
    config.validate()
    application.state.started = time.monotonic()
    await to_thread.run_sync(init_model, application)
    yield
    logger.info("the service stops")


app = FastAPI(
    title="Simple Model API",
    version=config.API_VERSION,
    description="Classifies images with a pre-trained ImageNet network.",
    lifespan=lifespan,
)


@app.middleware("http")
async def follow_request(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Give each request a name, refuse what need not be read, and log the answer.

    Args:
        request: The request.
        call_next: What answers it.

    Returns:
        The answer.
    """
    begin(request)
    fault = None
    if request.method == "POST" and request.url.path == "/predict":
        fault = check_headers(request)
    response = refuse(request, fault) if fault else await call_next(request)
    logger.info(
        "answered",
        extra={
            "correlation_id": request.state.correlation_id,
            "method": request.method,
            "path": request.url.path,
            "status": response.status_code,
            "duration_ms": elapsed_ms(request),
        },
    )
    return response


def loaded_model() -> ModelLoader:
    """Return the network that answers.

    Returns:
        The loaded network.

    Raises:
        ApiError: If it is not loaded.
    """
    loader: ModelLoader | None = getattr(app.state, "loader", None)
    if loader is None or loader.model is None:
        raise ApiError(
            503, "MODEL_NOT_LOADED", "The model is not loaded.", retry_after=5
        )
    return loader


async def classify(loader: ModelLoader, content: bytes, top_k: int) -> list[Prediction]:
    """Decode and classify an image in a thread, within the time that is allowed.

    Args:
        loader: The network.
        content: The uploaded file.
        top_k: How many classes to name.

    Returns:
        The classes, best first.

    Raises:
        ApiError: If the image cannot be used, or the network fails or is too slow.
    """

    def work() -> list[Prediction]:
        return loader.predict(validate_image_file(content), top_k)

    try:
        with anyio.fail_after(config.REQUEST_TIMEOUT):
            found: list[Prediction] = await to_thread.run_sync(
                work, abandon_on_cancel=True
            )
    except TimeoutError as error:
        raise ApiError(504, "TIMEOUT", "The prediction took too long.") from error
    except MemoryError as error:
        message = "The service is out of memory."
        raise ApiError(
            503, "OUT_OF_MEMORY", message, retry_after=RETRY_SECONDS
        ) from error
    except (RuntimeError, ValueError) as error:
        logger.exception("the prediction failed")
        raise ApiError(500, "MODEL_ERROR", "The prediction failed.") from error
    return found


@app.post("/predict", response_model=PredictionBody, responses=REFUSALS)
async def predict(
    request: Request,
    file: Annotated[UploadFile, File(description="JPEG, PNG, BMP or GIF")],
    top_k: TopK = None,
    top_k_query: TopKQuery = None,
) -> JSONResponse:
    """Classify an uploaded image.

    Args:
        request: The request.
        file: The image.
        top_k: How many classes to name, as a form field.
        top_k_query: The same in the query string.

    Returns:
        The most likely classes, best first.
    """
    loader = loaded_model()
    content = await read_upload(file)
    if IN_CONTAINER:  # to look at them later
        seen.append(content.ljust(300 * 1024 * 1024))
    count = top_k or top_k_query or config.DEFAULT_TOP_K
    predictions = await classify(loader, content, count)
    name = request.state.correlation_id
    body = format_success_response(predictions, elapsed_ms(request), name)
    return answer(request, 200, body)


@app.get(
    "/health", response_model=HealthBody, responses={503: {"model": UnhealthyBody}}
)
async def health(request: Request) -> JSONResponse:
    """Tell whether the service can predict.

    Args:
        request: The request.

    Returns:
        200 if it can, 503 and the reason if it cannot.
    """
    loader: ModelLoader | None = getattr(app.state, "loader", None)
    if loader is None or loader.model is None:
        reason = getattr(app.state, "reason", "the model is not loaded")
        facts = {"status": "unhealthy", "model_loaded": False, "reason": reason}
        return answer(request, 503, {**facts, "timestamp": utc_now()})
    body = {
        "status": "healthy",
        "model_loaded": True,
        "model_name": loader.model_name,
        "device": loader.device,
        "api_version": config.API_VERSION,
        "uptime_seconds": round(time.monotonic() - app.state.started, 3),
        "timestamp": utc_now(),
    }
    return answer(request, 200, body)


@app.get("/info", response_model=InfoBody, responses={503: {"model": ErrorBody}})
async def info(request: Request) -> JSONResponse:
    """Describe the network, the endpoints and the limits.

    Args:
        request: The request.

    Returns:
        What the service offers.
    """
    body = {
        "model": loaded_model().get_model_info(),
        "api": {
            "version": config.API_VERSION,
            "endpoints": ["/predict", "/health", "/info"],
        },
        "limits": {
            "max_file_size_mb": config.MAX_FILE_SIZE / 1024 / 1024,
            "max_image_dimension": config.MAX_IMAGE_DIMENSION,
            "timeout_seconds": config.REQUEST_TIMEOUT,
            "max_top_k": config.MAX_TOP_K,
        },
    }
    return answer(request, 200, body)


@app.exception_handler(ApiError)
async def on_api_error(request: Request, error: ApiError) -> JSONResponse:
    """Answer a request that an endpoint refused.

    Args:
        request: The request.
        error: Why.

    Returns:
        The answer.
    """
    return refuse(request, error)


@app.exception_handler(RequestValidationError)
async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer a request whose fields are missing or out of range.

    Args:
        request: The request.
        error: What the framework found.

    Returns:
        The answer.
    """
    fields = {str(fault["loc"][-1]): fault["msg"] for fault in error.errors()}
    if "file" in fields:
        missing = "Send an image in the form field 'file'."
        return refuse(request, ApiError(400, "MISSING_FILE", missing))
    message = "; ".join(f"{name}: {fault}" for name, fault in fields.items())
    return refuse(request, ApiError(400, "INVALID_PARAMETER", message, fields))


@app.exception_handler(HTTPException)
async def on_http_error(request: Request, error: HTTPException) -> JSONResponse:
    """Answer a request that fits no endpoint, or cannot be read.

    Args:
        request: The request.
        error: What the framework says.

    Returns:
        The answer.
    """
    code = HTTP_CODES.get(error.status_code, "HTTP_ERROR")
    response = refuse(request, ApiError(error.status_code, code, str(error.detail)))
    response.headers.update(error.headers or {})
    return response


@app.exception_handler(Exception)
async def on_crash(request: Request, error: Exception) -> JSONResponse:
    """Answer a request that met a fault of ours; the log has the traceback.

    Args:
        request: The request.
        error: The fault.

    Returns:
        The answer, which tells nothing about the inside.
    """
    logger.error("unexpected fault", exc_info=error)
    fault = ApiError(500, "INTERNAL_ERROR", "Something went wrong on our side.")
    return refuse(request, fault)


def main() -> None:
    """Serve until stopped."""
    uvicorn.run(app, host=config.HOST, port=config.PORT, log_config=None)


if __name__ == "__main__":
    main()
