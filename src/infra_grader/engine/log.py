"""The log of this package, imported only where something is to be said: `logging` is slow to start."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger


def logger() -> Logger:
    """Return the package's logger. Silent unless the caller set up logging: tracebacks are not for learners."""
    import logging

    package = logging.getLogger("infra_grader")
    if not package.handlers:
        package.addHandler(logging.NullHandler())
    return package
