"""Settings of the service, each from the environment variable of its name."""

from __future__ import annotations

import os
from dataclasses import dataclass

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def read_number(name: str, default: int) -> int:
    """Read a whole number that is not negative.

    Args:
        name: The environment variable.
        default: What holds where it is not set.

    Returns:
        The number.

    Raises:
        ValueError: If the variable holds something else.
    """
    text = os.environ.get(name, str(default))
    if not text.isdigit():
        raise ValueError(f"{name} must be a whole number, not {text!r}")
    return int(text)


@dataclass(frozen=True)
class Settings:
    """What can be set from outside; the ConfigMap holds the same names."""

    model_name: str
    model_cache: str
    log_level: str
    max_batch_size: int
    port: int
    drain_seconds: int

    @classmethod
    def from_environment(cls) -> Settings:
        """Read all settings.

        Returns:
            The settings, with defaults for what is not set.

        Raises:
            ValueError: If one of them cannot be used.
        """
        log_level = os.environ.get("LOG_LEVEL", "INFO").upper()
        if log_level not in LOG_LEVELS:
            raise ValueError(f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}")
        return cls(
            model_name=os.environ.get("MODEL_NAME", "resnet50"),
            model_cache=os.environ.get("MODEL_CACHE", "/tmp/model-cache"),
            log_level=log_level,
            max_batch_size=read_number("MAX_BATCH_SIZE", 32),
            port=read_number("PORT", 8000),
            drain_seconds=read_number("DRAIN_SECONDS", 5),
        )
