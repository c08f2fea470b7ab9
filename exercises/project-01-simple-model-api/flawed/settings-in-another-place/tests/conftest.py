"""What the tests share: stand-ins for torch, images, and a client of the service."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS / "stand_ins"), str(TESTS.parent)]
os.environ["IMAGENET_LABELS_URL"] = "file:///no-download-in-tests"
os.environ["LOG_LEVEL"] = "WARNING"

from fastapi.testclient import TestClient  # noqa: E402 - needs the path above

from src.app import app  # noqa: E402
from src.environment import config  # noqa: E402


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Return a function that draws an image and gives its bytes."""

    def draw(
        mode: str = "RGB",
        size: tuple[int, int] = (320, 240),
        kind: str = "PNG",
        shade: int = 120,
    ) -> bytes:
        image = Image.new("L", size, shade).convert(mode)
        content = io.BytesIO()
        image.save(content, kind)
        return content.getvalue()

    return draw


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Return a client of the running service, whose caches are empty."""
    monkeypatch.setattr(type(config), "MODEL_PATH", str(tmp_path))
    with TestClient(app, raise_server_exceptions=False) as running:
        yield running
