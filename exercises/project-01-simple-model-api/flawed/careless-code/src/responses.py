"""Bodies and headers of the answers, the same for every endpoint."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "1; mode=block",
}


class ApiError(Exception):
    """A request that cannot be answered, in the words that the client gets."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ):
        """Describe what went wrong."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.retry_after = retry_after


def utc_now():
    """Tell the time."""
    return datetime.now(UTC).isoformat()


def generate_correlation_id():
    """Make a name for a request, by which its log lines are found."""
    return f"req-{secrets.token_hex(4)}"


def begin(request: Request):
    """Note when a request came in, and under which name it is logged."""
    wanted = request.headers.get("X-Request-ID", "")
    usable = SAFE_ID.fullmatch(wanted)
    request.state.correlation_id = wanted if usable else generate_correlation_id()
    request.state.started = time.perf_counter()


def elapsed_ms(request: Request):
    """Measure how long a request has taken so far."""
    started: float = request.state.started
    return round((time.perf_counter() - started) * 1000, 2)


def format_success_response(
    predictions: Sequence[Mapping[str, Any]], latency_ms: float, correlation_id: str
):
    """Put together the body of an answered prediction."""
    return {
        "success": True,
        "predictions": list(predictions),
        "latency_ms": latency_ms,
        "correlation_id": correlation_id,
        "timestamp": utc_now(),
    }


def format_error_response(error: ApiError, correlation_id: str):
    """Put together the body of a refused request."""
    facts: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "correlation_id": correlation_id,
        "timestamp": utc_now(),
    }
    if error.details:
        facts["details"] = dict(error.details)
    return {"success": False, "error": facts}


def answer(request: Request, status: int, body: Mapping[str, Any]):
    """Answer a request with JSON and the headers that every answer has."""
    headers = {
        **SECURITY_HEADERS,
        "X-Correlation-ID": request.state.correlation_id,
        "X-Response-Time": f"{elapsed_ms(request)}ms",
        "Cache-Control": "no-cache",
    }
    return JSONResponse(dict(body), status_code=status, headers=headers)


def refuse(request: Request, error: ApiError):
    """Answer a request that cannot be served."""
    body = format_error_response(error, request.state.correlation_id)
    response = answer(request, error.status, body)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response
