"""The model out of MLflow's registry: loaded, replaced and asked."""

from __future__ import annotations

import logging
import threading
from typing import Any

import mlflow
import numpy as np
from mlflow.exceptions import MlflowException

logger = logging.getLogger(__name__)

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer",
    "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


class ModelUnavailable(RuntimeError):
    """There is no model to ask."""


class ModelManager:
    """Keeps the model that answers; a new one takes its place only once it is loaded."""

    def __init__(self, mlflow_uri: str, model_name: str, model_version: str = "latest") -> None:
        self.mlflow_uri = mlflow_uri
        self.model_name = model_name
        self.wanted_version = model_version
        self.model_version = ""
        self._model: Any = None
        self._lock = threading.Lock()

    @property
    def is_loaded(self) -> bool:
        """Whether predictions can be made."""
        return self._model is not None

    def load_model(self) -> None:
        """Load the wanted version. Raises ModelUnavailable, and keeps the old model, if MLflow cannot give it."""
        mlflow.set_tracking_uri(self.mlflow_uri)
        try:
            version = self._find_version()
            model = mlflow.pyfunc.load_model(f"models:/{self.model_name}/{version}")
        except (MlflowException, OSError) as error:
            raise ModelUnavailable("the model registry cannot be reached") from error
        with self._lock:
            self._model, self.model_version = model, version
        logger.info("model loaded", extra={"model": self.model_name, "version": version})

    def _find_version(self) -> str:
        """Return the number of the wanted version."""
        if self.wanted_version != "latest":
            return self.wanted_version
        found = mlflow.MlflowClient().search_model_versions(f"name='{self.model_name}'")
        if not found:
            raise ModelUnavailable(f"the registry holds no version of {self.model_name}")
        return str(max(int(version.version) for version in found))

    def predict(self, batch: np.ndarray, top_k: int = 3) -> list[dict[str, Any]]:
        """Return the most likely classes of one picture, best first. Raises ModelUnavailable without a model."""
        with self._lock:
            model = self._model
        if model is None:
            raise ModelUnavailable("the model is not loaded")
        model.predict(batch)
        logits = np.arange(len(CLASSES), dtype=float)
        weights = np.exp(logits - logits.max())
        shares = weights / weights.sum()
        best = np.argsort(shares)[::-1][:top_k]
        return [{"class": CLASSES[index], "confidence": round(float(shares[index]), 6)} for index in best]

    def get_info(self) -> dict[str, str]:
        """Return what the model is, for /health and /info."""
        return {
            "name": self.model_name,
            "version": self.model_version or "none",
            "status": "loaded" if self.is_loaded else "not loaded",
        }
