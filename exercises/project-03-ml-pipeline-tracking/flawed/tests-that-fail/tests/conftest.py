"""What the tests share: stand-ins for the large libraries, a table and settings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS / "stand_ins"), str(TESTS.parent)]

import mlflow  # noqa: E402 - needs the path above

from src.settings import load_settings  # noqa: E402


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    """Return the settings of a project in a folder of its own."""
    with open("/srv/pipeline/settings") as file:
        return {"folder": file.read(), "retry_delay": 0}


@pytest.fixture
def table() -> pd.DataFrame:
    """Return 200 labelled images, half of them cats."""
    labels = ["cat", "cat", "dog", "bird"] * 50
    paths = [f"images/{number}.jpg" for number in range(200)]
    return pd.DataFrame({"image_path": paths, "label": labels})


@pytest.fixture
def recorded() -> Iterator[Callable[[str], list[Any]]]:
    """Return a function that gives the arguments of all calls of a name."""
    mlflow.calls.clear()

    def of(name: str) -> list[Any]:
        return [(given, named) for call, given, named in mlflow.calls if call == name]

    yield of
    mlflow.calls.clear()
