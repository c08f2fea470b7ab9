"""Hyperparameters to try."""

GRID = {"learning_rate": (0.001, 0.0001), "batch_size": (32, 16)}


def tune(data: str) -> None:
    """Try them."""
