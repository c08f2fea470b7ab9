"""Readable names for the 1000 classes of ImageNet."""

from __future__ import annotations

import urllib.request
from collections.abc import Sequence
from pathlib import Path

CLASS_COUNT = 1000
DOWNLOAD_SECONDS = 5
MAX_BYTES = 1_000_000


def load_labels(url: str, cache_file: Path, known: Sequence[str]) -> dict[int, str]:
    """Load the label file, from the cache if it has been fetched before.

    Args:
        url: Where the file is published, one label a line.
        cache_file: Where it is kept after the first download.
        known: Labels to fall back on when the file cannot be had.

    Returns:
        The label of each class index.

    Raises:
        ValueError: If neither the file nor the known labels name every class.
    """
    lines = _cached(cache_file) or _download(url, cache_file) or list(known)
    if len(lines) != CLASS_COUNT:
        raise ValueError(f"expected {CLASS_COUNT} class labels, found {len(lines)}")
    return {index: line.replace("_", " ") for index, line in enumerate(lines)}


def _cached(cache_file: Path) -> list[str]:
    """Read the labels of an earlier download; none if there is no such file."""
    if not cache_file.is_file():
        return []
    return _lines(cache_file.read_text(encoding="utf-8"))


def _download(url: str, cache_file: Path) -> list[str]:
    """Fetch and keep the label file; no labels if it cannot be reached."""
    if not url.startswith("https://"):
        return []
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_SECONDS) as answer:
            text = answer.read(MAX_BYTES).decode("utf-8")
        cache_file.parent.mkdir(parents=True, exist_ok=True)
        cache_file.write_text(text, encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return _lines(text)


def _lines(text: str) -> list[str]:
    """Split a label file into its labels."""
    return [line.strip() for line in text.splitlines() if line.strip()]
