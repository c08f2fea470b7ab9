"""The model, with MLflow's registry replaced."""

from __future__ import annotations

from types import SimpleNamespace

import mlflow
import numpy as np
import pytest
from mlflow.exceptions import MlflowException

from src.model_manager import CLASSES, ModelManager, ModelUnavailable


@pytest.fixture
def registry(monkeypatch):
    """Put a registry with the versions 2 and 10 in the place of MLflow's."""
    versions = [SimpleNamespace(version="2"), SimpleNamespace(version="10")]
    model = SimpleNamespace(predict=lambda batch: np.arange(10.0)[np.newaxis])
    loaded = []
    monkeypatch.setattr(mlflow, "set_tracking_uri", lambda uri: None)
    monkeypatch.setattr(
        mlflow, "MlflowClient", lambda: SimpleNamespace(search_model_versions=lambda wanted: versions)
    )
    monkeypatch.setattr(mlflow.pyfunc, "load_model", lambda uri: loaded.append(uri) or model)
    return SimpleNamespace(versions=versions, loaded=loaded)


def test_latest_is_the_greatest_number(registry):
    manager = ModelManager("http://mlflow", "image-classifier")
    manager.load_model()
    assert registry.loaded == ["models:/image-classifier/10"]
    assert manager.get_info() == {"name": "image-classifier", "version": "10", "status": "loaded"}


def test_named_version_is_loaded(registry):
    manager = ModelManager("http://mlflow", "image-classifier", "2")
    manager.load_model()
    assert manager.model_version == "2"


def test_registry_without_versions_is_told(registry):
    registry.versions.clear()
    with pytest.raises(ModelUnavailable, match="no version"):
        ModelManager("http://mlflow", "image-classifier").load_model()


def test_unreachable_registry_keeps_the_old_model(registry, monkeypatch):
    manager = ModelManager("http://mlflow", "image-classifier")
    manager.load_model()

    def fail(uri):
        raise MlflowException("connection refused")

    monkeypatch.setattr(mlflow.pyfunc, "load_model", fail)
    with pytest.raises(ModelUnavailable):
        manager.load_model()
    assert manager.is_loaded


def test_confidences_add_up_and_fall(registry):
    manager = ModelManager("http://mlflow", "image-classifier")
    manager.load_model()
    found = manager.predict(np.zeros((1, 3, 32, 32)), top_k=10)
    shares = [item["confidence"] for item in found]
    assert found[0]["class"] == CLASSES[9]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=1e-4)


def test_nothing_is_predicted_without_a_model():
    with pytest.raises(ModelUnavailable):
        ModelManager("http://mlflow", "image-classifier").predict(np.zeros((1, 3, 32, 32)))
