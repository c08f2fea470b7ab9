"""Configuration from the environment."""

import os
from dataclasses import dataclass, field
from typing import List


def env_int(name: str, default: int) -> int:
    """Return a number from the environment, or the default.

    Args:
        name: The variable.
        default: What to use without it.

    Returns:
        The number.
    """
    return int(os.environ.get(name, default))


def env_flag(name: str) -> bool:
    """Return whether a variable is switched on.

    Args:
        name: The variable.

    Returns:
        True for true, 1, yes and on.
    """
    return os.environ.get(name, "false").lower() in ("true", "1", "yes", "on")


@dataclass
class Settings:
    """Everything that can be configured, with the course's names."""

    MODEL_NAME: str = field(
        default_factory=lambda: os.environ.get("MODEL_NAME", "resnet50")
    )
    DEVICE: str = field(default_factory=lambda: os.environ.get("DEVICE", "cpu"))
    HOST: str = field(default_factory=lambda: os.environ.get("HOST", "0.0.0.0"))
    PORT: int = field(default_factory=lambda: env_int("PORT", 5000))
    DEBUG: bool = field(default_factory=lambda: env_flag("DEBUG"))
    MAX_FILE_SIZE: int = field(
        default_factory=lambda: env_int("MAX_FILE_SIZE", 10485760)
    )
    MAX_IMAGE_DIMENSION: int = field(
        default_factory=lambda: env_int("MAX_IMAGE_DIMENSION", 4096)
    )
    REQUEST_TIMEOUT: int = field(default_factory=lambda: env_int("REQUEST_TIMEOUT", 30))
    DEFAULT_TOP_K: int = field(default_factory=lambda: env_int("DEFAULT_TOP_K", 5))
    MAX_TOP_K: int = field(default_factory=lambda: env_int("MAX_TOP_K", 10))
    LOG_LEVEL: str = field(default_factory=lambda: os.environ.get("LOG_LEVEL", "INFO"))

    def problems(self) -> List[str]:
        """List the settings that cannot work.

        Returns:
            A sentence for each.
        """
        found = []
        if self.MODEL_NAME not in ("resnet50", "mobilenet_v2"):
            found.append("MODEL_NAME is not supported")
        if not 1024 <= self.PORT <= 65535:
            found.append("PORT is out of range")
        return found
