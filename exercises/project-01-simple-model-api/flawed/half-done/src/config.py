"""Settings of the service, each read from the environment variable of its name."""

from __future__ import annotations

import os
import re

TRUE_WORDS = frozenset({"true", "1", "yes", "on"})
MODELS = ("resnet50", "mobilenet_v2")
DEVICES = ("cpu", "cuda", "mps")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOG_FORMATS = ("json", "text")
SEMVER = re.compile(r"\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.-]+)?")
LABELS_URL = "https://raw.githubusercontent.com/pytorch/hub/master/imagenet_classes.txt"


def get_env_bool(key: str, default: bool) -> bool:
    """Read a switch from the environment.

    Args:
        key: Name of the variable.
        default: Value to use when the variable is not set.

    Returns:
        True for "true", "1", "yes" and "on" in any case, False for other words.
    """
    value = os.getenv(key)
    if value is None:
        return default
    return value.strip().lower() in TRUE_WORDS


def get_env_int(key: str, default: int) -> int:
    """Read a whole number from the environment.

    Args:
        key: Name of the variable.
        default: Value to use when the variable is not set or empty.

    Returns:
        The number.

    Raises:
        ValueError: If the variable holds something else than a whole number.
    """
    value = os.getenv(key, "").strip()
    if not value:
        return default
    try:
        return int(value)
    except ValueError as error:
        raise ValueError(f"{key} must be a whole number, not {value!r}") from error


class Config:
    """What can be set from outside, with a default that works on a laptop."""

    MODEL_NAME: str = "resnet50"
    MODEL_PATH: str = os.path.expanduser(os.getenv("MODEL_PATH", "~/.cache/torch/hub"))
    DEVICE: str = os.getenv("DEVICE", "cpu")

    HOST: str = "0.0.0.0"
    PORT: int = 5000
    DEBUG: bool = get_env_bool("DEBUG", False)
    API_VERSION: str = os.getenv("API_VERSION", "1.0.0")

    MAX_FILE_SIZE: int = get_env_int("MAX_FILE_SIZE", 10 * 1024 * 1024)
    MAX_IMAGE_DIMENSION: int = get_env_int("MAX_IMAGE_DIMENSION", 4096)
    REQUEST_TIMEOUT: int = get_env_int("REQUEST_TIMEOUT", 30)
    DEFAULT_TOP_K: int = 3
    MAX_TOP_K: int = get_env_int("MAX_TOP_K", 10)

    LOG_LEVEL: str = os.getenv("LOG_LEVEL", "INFO").upper()
    LOG_FORMAT: str = os.getenv("LOG_FORMAT", "json").lower()

    IMAGENET_LABELS_URL: str = os.getenv("IMAGENET_LABELS_URL", LABELS_URL)

    def validate(self) -> bool:
        """Check every setting, so that a typing error stops the start-up.

        Returns:
            True when all settings can be used.

        Raises:
            ValueError: If a setting cannot be used; the message names them all.
        """
        faults = [*self._faulty_choices(), *self._faulty_numbers()]
        if not SEMVER.fullmatch(self.API_VERSION):
            faults.append(f"API_VERSION must look like 1.0.0, not {self.API_VERSION!r}")
        if faults:
            raise ValueError("; ".join(faults))
        return True

    def _faulty_choices(self) -> list[str]:
        """Name the settings that are none of the allowed words."""
        choices = {
            "MODEL_NAME": MODELS,
            "DEVICE": DEVICES,
            "LOG_LEVEL": LOG_LEVELS,
            "LOG_FORMAT": LOG_FORMATS,
        }
        return [
            f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}"
            for name, allowed in choices.items()
            if getattr(self, name) not in allowed
        ]

    def _faulty_numbers(self) -> list[str]:
        """Name the numbers that lie outside their range."""
        positive = (
            "MAX_FILE_SIZE",
            "MAX_IMAGE_DIMENSION",
            "REQUEST_TIMEOUT",
            "DEFAULT_TOP_K",
            "MAX_TOP_K",
        )
        faults = [
            f"{name} must be above 0, not {getattr(self, name)}"
            for name in positive
            if getattr(self, name) <= 0
        ]
        if not 1024 <= self.PORT <= 65535:
            faults.append(f"PORT must lie between 1024 and 65535, not {self.PORT}")
        if self.DEFAULT_TOP_K > self.MAX_TOP_K:
            faults.append("DEFAULT_TOP_K must not be above MAX_TOP_K")
        return faults

    def to_dict(self) -> dict[str, str | int | bool]:
        """List all settings.

        Returns:
            Every setting under its name.
        """
        return {name: getattr(self, name) for name in vars(Config) if name.isupper()}

    def __repr__(self) -> str:
        """Show the settings that one looks for first."""
        return (
            f"Config(MODEL_NAME={self.MODEL_NAME!r}, PORT={self.PORT}, "
            f"LOG_LEVEL={self.LOG_LEVEL!r})"
        )


config = Config()
