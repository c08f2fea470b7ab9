"""A small model that says whether a customer will leave: a logistic regression with fixed weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

NAME = "churn"
FEATURES = ("tenure_months", "monthly_charge", "support_calls")
SCHEMA = {
    "tenure_months": {"type": "float", "min": 0, "max": 600},
    "monthly_charge": {"type": "float", "min": 0, "max": 1000},
    "support_calls": {"type": "float", "min": 0, "max": 200},
}
WEIGHTS = np.array([-0.06, 0.02, 0.55])
BIAS = -0.8


def predict(features: Mapping[str, float]) -> tuple[str, float]:
    """Return the class of a customer, and how sure the model is of it."""
    row = np.array([float(features[name]) for name in FEATURES])
    leaves = 1 / (1 + np.exp(-np.clip(row @ WEIGHTS + BIAS, -50, 50)))
    return ("leaves", float(leaves)) if leaves >= 0.5 else ("stays", float(1 - leaves))


def reference_data(rows: int = 500) -> np.ndarray:
    """Return customers like those that the model was trained on, the same ones each time."""
    generator = np.random.default_rng(7)
    return np.column_stack(
        [generator.gamma(4, 6, rows), generator.normal(60, 15, rows).clip(0), generator.poisson(1.2, rows)]
    )
