"""What the tests share: a client of the service with a model of ours, and pictures."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image

os.environ.setdefault("API_KEYS", "test-key,other-key")
os.environ.setdefault("MLFLOW_TRACKING_URI", "http://unreachable.invalid:5000")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

from src import main  # noqa: E402 - needs the settings above


class Bright:
    """A model that says `ship` for bright pictures and `cat` for dark ones."""

    def predict(self, batch: np.ndarray) -> np.ndarray:
        logits = np.zeros((1, 10))
        logits[0, 8 if batch.mean() > 0 else 3] = 4.0
        return logits


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Return a function that draws a picture and gives its bytes."""

    def draw(shade: int = 200, kind: str = "PNG") -> bytes:
        content = io.BytesIO()
        Image.new("RGB", (64, 48), (shade, shade, shade)).save(content, kind)
        return content.getvalue()

    return draw


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """Return a client of the service, with a model and fresh limits."""
    monkeypatch.setattr(main.manager, "_model", Bright())
    monkeypatch.setattr(main.manager, "model_version", "7")
    monkeypatch.setattr(
        main, "limiters", {"": main.RateLimiter(100), "/predict": main.RateLimiter(10)}
    )
    with main.app.test_client() as running:
        yield running
