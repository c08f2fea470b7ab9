"""Data ingestion for the pipeline."""

import logging
from typing import Any, Dict, Optional

import pandas as pd

logger = logging.getLogger(__name__)


class DataIngestion:
    """Fetches raw data from files, APIs and databases."""

    def __init__(self, config: Dict[str, Any]) -> None:
        """Take over the configuration.

        TODO: Implement: create the folder raw_data_path.
        """
        self.config = config
        logger.info("DataIngestion is ready")

    def ingest_from_csv(self, path: str) -> Optional[pd.DataFrame]:
        """Read a CSV file.

        TODO: Implement: check that it exists, read it with pandas.
        """
        logger.info(f"Ingesting data from {path}")
        # df = pd.read_csv(path)
        return None  # Replace with df

    def ingest_from_api(
        self, url: str, params: Optional[Dict] = None, headers: Optional[Dict] = None
    ) -> Optional[pd.DataFrame]:
        """Fetch data from an API, with up to three attempts.

        TODO: Implement: requests.get, raise_for_status, retry.
        """
        logger.info(f"Ingesting data from {url}")
        # response = requests.get(url, params=params, headers=headers)
        return None  # Replace with DataFrame

    def ingest_from_database(self, conn: str, query: str) -> Optional[pd.DataFrame]:
        """Run a query.

        TODO: Implement: create_engine, pd.read_sql.
        """
        logger.info("Ingesting data from a database")
        return None  # Replace with DataFrame

    def save_raw_data(
        self, df: pd.DataFrame, filename: str, metadata: Optional[Dict] = None
    ) -> str:
        """Save the data and its metadata.

        TODO: Implement: to_csv, and a file .meta.json.
        """
        logger.info(f"Saving {filename}")
        return ""  # Replace with the path

    def get_ingestion_metadata(self, path: str) -> Dict[str, Any]:
        """Read the metadata of a file.

        TODO: Implement
        """
        return {}  # Replace with the metadata

    def _sanitize_connection_string(self, s: str) -> str:
        """Hide the password.

        TODO: Implement
        """
        return s

# my project
