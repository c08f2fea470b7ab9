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

    MODEL_NAME: str = os.getenv("MODEL_NAME", "resnet50")
    MODEL_PATH: str = os.path.expanduser(os.getenv("MODEL_PATH", "~/.cache/torch/hub"))
    DEVICE: str = os.getenv("DEVICE", "cpu")

    HOST: str = os.getenv("HOST", "0.0.0.0")
    PORT: int = get_env_int("PORT", 5000)
    DEBUG: bool = get_env_bool("DEBUG", False)
    API_VERSION: str = os.getenv("API_VERSION", "1.0.0")

    MAX_FILE_SIZE: int = get_env_int("MAX_FILE_SIZE", 10 * 1024 * 1024)
    MAX_IMAGE_DIMENSION: int = get_env_int("MAX_IMAGE_DIMENSION", 4096)
    REQUEST_TIMEOUT: int = get_env_int("REQUEST_TIMEOUT", 30)
    DEFAULT_TOP_K: int = get_env_int("DEFAULT_TOP_K", 5)
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
        faults: list[str] = []
        if self.MODEL_NAME not in MODELS:
            allowed = ", ".join(MODELS)
            faults.append(
                f"MODEL_NAME must be one of {allowed}, "
                f"not {self.MODEL_NAME!r}"
            )
        if self.DEVICE not in DEVICES:
            allowed = ", ".join(DEVICES)
            faults.append(
                f"DEVICE must be one of {allowed}, "
                f"not {self.DEVICE!r}"
            )
        if self.LOG_LEVEL not in LOG_LEVELS:
            allowed = ", ".join(LOG_LEVELS)
            faults.append(
                f"LOG_LEVEL must be one of {allowed}, "
                f"not {self.LOG_LEVEL!r}"
            )
        if self.LOG_FORMAT not in LOG_FORMATS:
            allowed = ", ".join(LOG_FORMATS)
            faults.append(
                f"LOG_FORMAT must be one of {allowed}, "
                f"not {self.LOG_FORMAT!r}"
            )
        if self.MAX_FILE_SIZE <= 0:
            faults.append(
                f"MAX_FILE_SIZE must be above 0, "
                f"not {self.MAX_FILE_SIZE}"
            )
        if self.MAX_IMAGE_DIMENSION <= 0:
            faults.append(
                f"MAX_IMAGE_DIMENSION must be above 0, "
                f"not {self.MAX_IMAGE_DIMENSION}"
            )
        if self.REQUEST_TIMEOUT <= 0:
            faults.append(
                f"REQUEST_TIMEOUT must be above 0, "
                f"not {self.REQUEST_TIMEOUT}"
            )
        if self.DEFAULT_TOP_K <= 0:
            faults.append(
                f"DEFAULT_TOP_K must be above 0, "
                f"not {self.DEFAULT_TOP_K}"
            )
        if self.MAX_TOP_K <= 0:
            faults.append(
                f"MAX_TOP_K must be above 0, "
                f"not {self.MAX_TOP_K}"
            )
        if not 1024 <= self.PORT <= 65535:
            faults.append(
                f"PORT must lie between 1024 and 65535, not {self.PORT}"
            )
        if self.DEFAULT_TOP_K > self.MAX_TOP_K:
            faults.append("DEFAULT_TOP_K must not be above MAX_TOP_K")
        if not SEMVER.fullmatch(self.API_VERSION):
            faults.append(f"API_VERSION must look like 1.0.0, not {self.API_VERSION!r}")
        if faults:
            raise ValueError("; ".join(faults))
        return True

    def to_dict(self) -> int:
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
