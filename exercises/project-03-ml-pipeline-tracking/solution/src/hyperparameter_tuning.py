"""Tries a grid of hyperparameters, one recorded run for each point."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

from src.training import run_training

logger = logging.getLogger(__name__)

GRID: dict[str, tuple[Any, ...]] = {
    "learning_rate": (0.001, 0.0001, 0.01),
    "batch_size": (32, 16, 64),
    "model_name": ("resnet18", "mobilenet_v2"),
    "optimizer": ("adam", "sgd"),
}


def points() -> Iterator[dict[str, Any]]:
    """Yield every combination of the grid, the usual values first."""
    for values in product(*GRID.values()):
        yield dict(zip(GRID, values, strict=True))


def tune(data: str, most: int = 10, epochs: int = 5) -> tuple[dict[str, Any], float]:
    """Train at the first points of the grid.

    Args:
        data: Folder with train.csv and val.csv.
        most: How many points are tried.
        epochs: How long each is trained.

    Returns:
        The best point, and its accuracy.
    """
    best: tuple[dict[str, Any], float] = ({}, -1.0)
    for point in islice(points(), most):
        _, accuracy = run_training(data, {**point, "num_epochs": epochs})
        logger.info("%s gives %.3f", point, accuracy)
        best = max(best, (point, accuracy), key=lambda item: item[1])
    return best


def main() -> None:
    """Tune once, as the MLproject does."""
    parser = argparse.ArgumentParser(description="Tries hyperparameters.")
    parser.add_argument("--input", required=True)
    parser.add_argument("--max_runs", type=int, default=10)
    arguments = parser.parse_args()
    tune(arguments.input, arguments.max_runs)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
