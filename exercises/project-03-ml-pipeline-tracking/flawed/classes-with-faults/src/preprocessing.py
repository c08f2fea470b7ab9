"""Third step: cleans the table, turns labels into numbers and splits it."""

from __future__ import annotations

import argparse
import json
import logging
import pickle
from pathlib import Path
from typing import Any

import pandas as pd

from src.settings import load_settings

logger = logging.getLogger(__name__)

PARTS = ("train", "val", "test")


class DataPreprocessor:
    """Prepares a table for training, always in the same way for the same seed."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Make the folders for what is written.

        Args:
            config: Settings; paths, `required_columns`, sizes and `random_state` count.
        """
        self.processed_data_path = Path(
            config.get("processed_data_path", "data/processed")
        )
        self.artifacts_path = Path(config.get("artifacts_path", "artifacts"))
        self.required_columns = list(config.get("required_columns", ["label"]))
        self.test_size = float(config.get("test_size", 0.15))
        self.val_size = float(config.get("val_size", 0.15))
        self.random_state = int(config.get("random_state", 42))
        self.label_mapping: dict[str, int] = {}
        for folder in (self.processed_data_path, self.artifacts_path):
            folder.mkdir(parents=True, exist_ok=True)

    def clean_data(self, df: pd.DataFrame) -> pd.DataFrame:
        """Drop duplicates, and rows that lack a required value.

        Args:
            df: The table.

        Returns:
            What is left, numbered anew.
        """
        required = [name for name in self.required_columns if name in df.columns]
        cleaned = df.drop_duplicates().dropna(subset=required)
        logger.info("cleaning dropped %d of %d rows", len(df) - len(cleaned), len(df))
        return cleaned.reset_index(drop=True)

    def encode_labels(
        self, df: pd.DataFrame, label_column: str = "label"
    ) -> pd.DataFrame:
        """Add the column `label_encoded`: a whole number for each label.

        Args:
            df: The table.
            label_column: Column that holds the labels.

        Returns:
            A copy with the new column.

        Raises:
            ValueError: If there is no such column.
        """
        if label_column not in df.columns:
            raise ValueError(f"there is no column {label_column!r}")
        classes = sorted(df[label_column].unique())
        mapping = {label: number for number, label in enumerate(classes)}
        self.label_mapping = {str(label): number for label, number in mapping.items()}
        return df.assign(label_encoded=df[label_column].map(mapping).astype(int))

    def normalize_features(
        self, df: pd.DataFrame, columns: list[str] | None = None
    ) -> pd.DataFrame:
        """Scale columns of numbers to mean 0 and deviation 1.

        Args:
            df: The table.
            columns: Which ones; none if not given, since pixels are scaled on loading.

        Returns:
            A copy with scaled columns; constant ones become 0.
        """
        scaled = df.copy()
        for name in columns or []:
            deviation = df[name].std(ddof=0)
            scaled[name] = (df[name] - df[name].mean()) / (deviation or 1.0)
        return scaled

    def create_train_test_split(
        self, df: pd.DataFrame, stratify_column: str = "label_encoded"
    ) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Split the table so that every class keeps its share in each part.

        Args:
            df: The table.
            stratify_column: Column of the classes.

        Returns:
            Rows to train with, to validate with and to test with.
        """
        shuffled = df.sample(frac=1)
        place = shuffled.groupby(stratify_column).cumcount()
        count = shuffled.groupby(stratify_column)[stratify_column].transform("size")
        share = (place + 0.5) / count
        is_test = share < self.test_size
        is_val = ~is_test & (share < self.test_size + self.val_size)
        parts = (
            shuffled[~is_test & ~is_val],
            shuffled[is_val],
            shuffled[is_test],
        )
        train, val, test = (part.reset_index(drop=True) for part in parts)
        return train, val, test

    def save_processed_data(self, df: pd.DataFrame, name: str) -> Path:
        """Write one part as CSV, with a description beside it.

        Args:
            df: The part.
            name: train, val or test.

        Returns:
            Where it lies.
        """
        file = self.processed_data_path / f"{name}.csv"
        df.to_csv(file, index=False)
        description = {"split": name, "records": len(df), "columns": list(df.columns)}
        file.with_name(f"{file.name}.meta.json").write_text(json.dumps(description))
        return file

    def run_pipeline(
        self, df: pd.DataFrame, label_column: str = "label"
    ) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Clean, encode, split, and write everything.

        Args:
            df: The raw table.
            label_column: Column that holds the labels.

        Returns:
            The three parts, as they were written.
        """
        encoded = self.encode_labels(self.clean_data(df), label_column)
        parts = self.create_train_test_split(encoded)
        for name, part in zip(PARTS, parts, strict=True):
            self.save_processed_data(part, name)
        self._save_artifacts(label_column)
        return parts

    def load_preprocessing_artifacts(self) -> dict[str, Any]:
        """Return what `run_pipeline` wrote, for use when predicting.

        Returns:
            `label_mapping` and `config`.

        Raises:
            FileNotFoundError: If it never ran.
        """
        names = {
            "label_mapping": "label_mapping.json",
            "config": "preprocessing_config.json",
        }
        return {
            key: json.loads((self.artifacts_path / file).read_text())
            for key, file in names.items()
        }

    def _save_artifacts(self, label_column: str) -> None:
        settings = {
            "label_column": label_column,
            "test_size": self.test_size,
            "val_size": self.val_size,
            "random_state": self.random_state,
        }
        mapping = self.artifacts_path / "label_mapping.json"
        mapping.write_text(json.dumps(self.label_mapping))
        encoder = self.artifacts_path / "label_encoder.pkl"
        encoder.write_bytes(pickle.dumps(self.label_mapping))
        config = self.artifacts_path / "preprocessing_config.json"
        config.write_text(json.dumps(settings))


def main() -> None:
    """Preprocess one table, as the DVC stage does."""
    parser = argparse.ArgumentParser(description="Splits data/raw.")
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    settings = load_settings() | {"processed_data_path": arguments.output}
    DataPreprocessor(settings).run_pipeline(pd.read_csv(arguments.input))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
