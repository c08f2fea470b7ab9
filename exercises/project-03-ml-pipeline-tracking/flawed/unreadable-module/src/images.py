"""Batches of images for networks, from the tables that preprocessing leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

SIDE = 224
MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class LabelledImages(Dataset):  # type: ignore[misc]  # torch brings no types
    """The images that a table names, with the number of their label."""

    def __init__(self, table: pd.DataFrame, folder: str | Path = ".") -> None:
        """Take over a table.

        Args:
            table: Rows with `image_path` and `label_encoded`.
            folder: What the paths are relative to.
        """
        self.rows = list(zip(table["image_path"], table["label_encoded"], strict=True))
        self.folder = Path(folder)
        self.prepare = transforms.Compose(
            [
                transforms.Resize((SIDE, SIDE)),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, DEVIATION),
            ]
        )

    def __len__(self) -> int
        """Return how many images there are."""
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """Return an image, ready for the network, and its label."""
        path, label = self.rows[index]
        with Image.open(self.folder / path) as image:
            return self.prepare(image.convert("RGB")), int(label)


def loaders(data: str | Path, parts: tuple[str, ...], batch_size: int) -> list[Any]:
    """Return a loader for each part in a folder; only that for training shuffles.

    Args:
        data: Folder with the parts as CSV.
        parts: Which ones.
        batch_size: How many images are shown at once.

    Returns:
        The loaders, in the order of the parts.
    """
    return [
        DataLoader(
            LabelledImages(pd.read_csv(Path(data) / f"{part}.csv")),
            batch_size=batch_size,
            shuffle=part == "train",
        )
        for part in parts
    ]
