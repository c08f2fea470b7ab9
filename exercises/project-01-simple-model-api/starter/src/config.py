"""Settings of the service.

Each attribute of `Config` is read from the environment variable of its name. Replace
every `None` below, then fill in the methods.
"""

import os  # noqa: F401


def get_env_bool(key: str, default: bool = False) -> bool:
    """Read a boolean from the environment.

    Args:
        key: Name of the variable.
        default: Value if it is not set.

    Returns:
        True for "true", "1", "yes" and "on" in any case.
    """
    # TODO: Implement this function
    pass


def get_env_int(key: str, default: int) -> int:
    """Read an integer from the environment.

    Args:
        key: Name of the variable.
        default: Value if it is not set.

    Returns:
        The number.
    """
    # TODO: Implement this function
    pass


class Config:
    """All settings of the service."""

    # TODO: Implement the model settings
    MODEL_NAME = None  # REPLACE THIS LINE
    MODEL_PATH = None  # REPLACE THIS LINE
    DEVICE = None  # REPLACE THIS LINE

    # TODO: Implement the server settings
    HOST = None  # REPLACE THIS LINE
    PORT = None  # REPLACE THIS LINE
    DEBUG = None  # REPLACE THIS LINE
    API_VERSION = None  # REPLACE THIS LINE

    # TODO: Implement the limits
    MAX_FILE_SIZE = None  # REPLACE THIS LINE
    MAX_IMAGE_DIMENSION = None  # REPLACE THIS LINE
    REQUEST_TIMEOUT = None  # REPLACE THIS LINE
    DEFAULT_TOP_K = None  # REPLACE THIS LINE
    MAX_TOP_K = None  # REPLACE THIS LINE

    # TODO: Implement the logging settings
    LOG_LEVEL = None  # REPLACE THIS LINE
    LOG_FORMAT = None  # REPLACE THIS LINE

    # TODO: Implement the address of the labels
    IMAGENET_LABELS_URL = None  # REPLACE THIS LINE

    def validate(self) -> bool:
        """Check that every setting can be used.

        Returns:
            True if all are fine.

        Raises:
            ValueError: If one is not.
        """
        # TODO: Implement this method
        pass

    def to_dict(self) -> dict:
        """Give all settings as a dictionary.

        Returns:
            Names and values.
        """
        # TODO: Implement this method
        pass

    def __repr__(self) -> str:
        """Show the most important settings."""
        # TODO: Implement this method
        pass


# TODO: Implement the shared instance
# config = Config()
