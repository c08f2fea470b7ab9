"""Shapes of the bodies, for the interactive documentation at /docs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class PredictionItem(BaseModel):
    """One class that the network sees in the image."""

    label: str = Field(alias="class", examples=["golden retriever"])
    confidence: float = Field(ge=0, le=1)
    rank: int = Field(ge=1)


class PredictionBody(BaseModel):
    """Answer to a prediction."""

    success: Literal[True]
    predictions: list[PredictionItem]
    latency_ms: float
    correlation_id: str
    timestamp: str


class HealthBody(BaseModel):
    """Answer of a service that is ready."""

    status: Literal["healthy"]
    model_loaded: bool
    model_name: str
    device: str
    api_version: str
    uptime_seconds: float
    timestamp: str


class UnhealthyBody(BaseModel):
    """Answer of a service that cannot predict."""

    status: Literal["unhealthy"]
    model_loaded: Literal[False]
    reason: str
    timestamp: str


class InfoBody(BaseModel):
    """What the service offers."""

    model: dict[str, Any]
    api: dict[str, Any]
    limits: dict[str, Any]


class ErrorFacts(BaseModel):
    """What went wrong."""

    code: str
    message: str
    correlation_id: str
    timestamp: str
    details: dict[str, Any] | None = None


class ErrorBody(BaseModel):
    """Answer to a request that was refused."""

    success: Literal[False]
    error: ErrorFacts
