"""Reads settings from the environment."""

import os


def read_port(default: int = 5000) -> int:
    """Return the port to listen on.

    Args:
        default: Port if none is set.

    Returns:
        The number of the port.
    """
    return int(os.environ.get("PORT", default))
