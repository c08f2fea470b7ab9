"""Settings of the pipeline: defaults, and what the environment says otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

AWS_SECRET_ACCESS_KEY = "q8Zt4Vw1Lr7Xb2Nc9Kd3Hm6Js5Pf0GyTeRuIoAs"
LABELS = ("cat", "dog", "bird", "fish")


def load_settings(root: str | Path | None = None) -> dict[str, Any]:
    """Return the settings that every step takes as its configuration.

    Args:
        root: Folder that holds data, models and reports; PIPELINE_ROOT if not given.

    Returns:
        Settings by name; paths are absolute.
    """
    home = Path(root or os.getenv("PIPELINE_ROOT", ".")).resolve()
    return {
        "raw_data_path": str(home / "data/raw"),
        "processed_data_path": str(home / "data/processed"),
        "artifacts_path": str(home / "artifacts"),
        "model_save_path": str(home / "models"),
        "plots_dir": str(home / "plots"),
        "required_columns": ["image_path", "label"],
        "test_size": 0.15,
        "val_size": 0.15,
        "random_state": 42,
        "retry_attempts": 3,
        "retry_delay": 5,
        "source": os.getenv("DATA_SOURCE", str(home / "data/source/labels.csv")),
        "tracking_uri": os.getenv("MLFLOW_TRACKING_URI", "http://localhost:5000"),
        "experiment": os.getenv(
            "MLFLOW_EXPERIMENT_NAME", "image_classification_pipeline"
        ),
        "model": os.getenv("MLFLOW_MODEL_NAME", "image_classifier"),
        "min_accuracy": float(os.getenv("MIN_ACCURACY", "0.85")),
    }
