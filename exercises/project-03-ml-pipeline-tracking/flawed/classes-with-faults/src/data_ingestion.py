"""First step: fetches the table of labelled images from a file, API or database."""

from __future__ import annotations

import argparse
import json
import logging
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import requests

from src.settings import load_settings

logger = logging.getLogger(__name__)

TIMEOUT_S = 30
SERVER_ERROR = 400


class DataIngestion:
    """Reads raw data and keeps it, with a description beside it."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Make the folder for raw data.

        Args:
            config: Settings; `raw_data_path`, `retry_attempts` and `retry_delay` count.
        """
        self.raw_data_path = Path(config.get("raw_data_path", "data/raw"))
        self.retry_attempts = int(config.get("retry_attempts", 3))
        self.retry_delay = float(config.get("retry_delay", 5))
        self.raw_data_path.mkdir(parents=True, exist_ok=True)

    def ingest_from_csv(self, path: str | Path) -> pd.DataFrame:
        """Read a table from a CSV file.

        Args:
            path: Where the file lies.

        Returns:
            The table as it stands in the file.

        Raises:
            FileNotFoundError: If there is no such file.
        """
        file = Path(path)
        if not file.is_file():
            raise FileNotFoundError(f"there is no data at {file}")
        table = pd.read_csv(file)
        logger.info("read %d records from %s", len(table), file)
        return table

    def ingest_from_api(
        self,
        url: str,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> pd.DataFrame:
        """Fetch records from an HTTP API, again where the server or the network fails.

        Args:
            url: Address that answers with a JSON list, or has it under "data".
            params: Query of the request.
            headers: Headers of the request, such as its authorization.

        Returns:
            One row for each record.

        Raises:
            requests.HTTPError: If the request is refused; it is not tried again.
            ConnectionError: If no attempt succeeds.
        """
        for attempt in range(1, self.retry_attempts + 1):
            try:
                answer = requests.get(
                    url, params=params, headers=headers, timeout=TIMEOUT_S
                )
            except (requests.ConnectionError, requests.Timeout) as error:
                logger.warning("attempt %d of %s: %s", attempt, url, error)
            else:
                if answer.status_code < SERVER_ERROR:
                    answer.raise_for_status()
                    records = answer.json()
                    return pd.DataFrame(
                        records["data"] if isinstance(records, dict) else records
                    )
                logger.warning(
                    "attempt %d of %s: status %d", attempt, url, answer.status_code
                )
            if attempt < self.retry_attempts:
                time.sleep(self.retry_delay * attempt)
        raise ConnectionError(f"{url} failed {self.retry_attempts} times")

    def ingest_from_database(self, conn: str, query: str) -> pd.DataFrame:
        """Run a query against a database.

        Args:
            conn: Connection string of SQLAlchemy; its password is never logged.
            query: Statement whose rows are wanted.

        Returns:
            The rows of the answer.
        """
        from sqlalchemy import create_engine

        logger.info("querying %s", self._sanitize_connection_string(conn))
        engine = create_engine(conn)
        try:
            return pd.read_sql(query, engine)
        finally:
            engine.dispose()

    def save_raw_data(
        self, df: pd.DataFrame, filename: str, metadata: dict[str, Any] | None = None
    ) -> Path:
        """Write a table to the folder of raw data, and its description beside it.

        Args:
            df: The table.
            filename: Its name there; `.parquet` is written as Parquet, all else as CSV.
            metadata: What else the description should say, such as the source.

        Returns:
            Where the table lies.
        """
        file = self.raw_data_path / filename
        if file.suffix == ".parquet":
            df.to_parquet(file, index=False)
        else:
            df.to_csv(file, index=False)
        description = {
            **(metadata or {}),
            "filename": filename,
            "record_count": len(df),
            "column_count": len(df.columns),
            "columns": list(df.columns),
            "saved_at": datetime.now(UTC).isoformat(),
            "file_size_bytes": file.stat().st_size,
        }
        self._description_of(file).write_text(json.dumps(description, indent=2))
        logger.info("kept %d records in %s", len(df), file)
        return file

    def get_ingestion_metadata(self, path: str | Path) -> dict[str, Any]:
        """Return the description beside a file of raw data.

        Args:
            path: The file that was written by `save_raw_data`.

        Returns:
            What was written about it.

        Raises:
            FileNotFoundError: If nothing was.
        """
        description = self._description_of(Path(path))
        if not description.is_file():
            raise FileNotFoundError(f"{path} has no description")
        found: dict[str, Any] = json.loads(description.read_text())
        return found

    @staticmethod
    def _description_of(file: Path) -> Path:
        return file.with_name(f"{file.name}.meta.json")

    @staticmethod
    def _sanitize_connection_string(conn: str) -> str:
        """Return a connection string whose password is hidden."""
        return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", conn)


def main() -> None:
    """Ingest one CSV file, as the DVC stage does."""
    parser = argparse.ArgumentParser(description="Copies labels to data/raw.")
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    ingestion = DataIngestion(load_settings() | {"raw_data_path": arguments.output})
    table = ingestion.ingest_from_csv(arguments.input)
    ingestion.save_raw_data(table, "labels.csv", {"source": arguments.input})


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
