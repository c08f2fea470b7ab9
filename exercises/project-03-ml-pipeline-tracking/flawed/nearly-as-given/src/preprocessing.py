"""Preprocessing for the pipeline."""

import logging
from typing import Any, Dict, Tuple

import pandas as pd

logger = logging.getLogger(__name__)


class DataPreprocessor:
    """Cleans, encodes and splits data."""

    def __init__(self, config: Dict[str, Any]) -> None:
        """Take over the configuration.

        TODO: Implement: create the folders.
        """
        self.config = config
        logger.info("DataPreprocessor is ready")

    def clean_data(self, df: pd.DataFrame) -> pd.DataFrame:
        """Drop duplicates and missing values.

        TODO: Implement
        """
        logger.info("Cleaning data")
        return df

    def encode_labels(
        self, df: pd.DataFrame, label_column: str = "label"
    ) -> pd.DataFrame:
        """Add label_encoded.

        TODO: Implement with LabelEncoder.
        """
        logger.info("Encoding labels")
        return df

    def normalize_features(self, df: pd.DataFrame) -> pd.DataFrame:
        """Scale features.

        TODO: Implement
        """
        return df

    def create_train_test_split(
        self, df: pd.DataFrame, stratify_column: str = "label_encoded"
    ) -> Tuple[Any, Any, Any]:
        """Split into train, val and test.

        TODO: Implement with train_test_split(random_state=42).
        """
        logger.info("Splitting data")
        return None, None, None  # Replace with train, val, test

    def save_processed_data(self, df: pd.DataFrame, name: str) -> str:
        """Save a part.

        TODO: Implement
        """
        return ""  # Replace with the path

    def run_pipeline(self, df: pd.DataFrame, label_column: str = "label") -> Dict:
        """Run all steps.

        TODO: Implement
        """
        logger.info("Running the preprocessing")
        return {}  # Replace with the parts

    def load_preprocessing_artifacts(self) -> Dict[str, Any]:
        """Load what was saved.

        TODO: Implement
        """
        return {}  # Replace with the artifacts

# my project
