"""Settings of the service, read once from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass


def _number(name: str, default: int) -> int:
    """Return a whole number from the environment. Raises ValueError by the name of the variable."""
    text = os.getenv(name, str(default))
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"{name} is {text!r}, which is no whole number") from error


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set from outside."""

    mlflow_uri: str
    model_name: str
    model_version: str
    api_keys: frozenset[str]
    api_key_header: str
    max_file_size: int
    limit_all: int
    limit_predict: int
    log_level: str
    environment: str
    port: int


def read_settings() -> Settings:
    """Return the settings of this process. Raises ValueError for one that cannot be used."""
    keys = os.getenv("KEYS", "")
    return Settings(
        mlflow_uri=os.getenv("MLFLOW_TRACKING_URI", "http://mlflow:5000"),
        model_name=os.getenv("MODEL_NAME", "image-classifier"),
        model_version=os.getenv("MODEL_VERSION", "latest"),
        api_keys=frozenset(key.strip() for key in keys.split(",") if key.strip()),
        api_key_header=os.getenv("API_KEY_HEADER", "X-API-Key"),
        max_file_size=_number("MAX_FILE_SIZE", 10 * 1024 * 1024),
        limit_all=_number("RATE_LIMIT_PER_MINUTE", 100),
        limit_predict=_number("RATE_LIMIT_PREDICT_PER_MINUTE", 10),
        log_level=os.getenv("LOG_LEVEL", "INFO").upper(),
        environment=os.getenv("ENVIRONMENT", "development"),
        port=_number("PORT", 5000),
    )
