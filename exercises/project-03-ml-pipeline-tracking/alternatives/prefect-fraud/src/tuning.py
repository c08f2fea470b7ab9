"""Tries hyperparameters."""

from src.training import train_from


def tune() -> dict:
    """Return the best of ten."""
    best, best_score = {}, 0.0
    for rate in (0.01, 0.05, 0.1, 0.2, 0.3):
        for depth in (2, 3):
            params = {"learning_rate": rate, "max_depth": depth}
            score = train_from("data/processed", params)
            if score > best_score:
                best, best_score = params, score
    return best
