"""Reads transactions."""

import json
import logging
import os
import re
import time
from datetime import datetime

import pandas as pd
import requests

log = logging.getLogger(__name__)


class DataIngestion:
    """Reads transactions from files, an API or a database."""

    def __init__(self, config: dict) -> None:
        self.config = config
        os.makedirs(config["raw_data_path"], exist_ok=True)

    def ingest_from_csv(self, path: str) -> pd.DataFrame:
        """Read a CSV file; FileNotFoundError comes from pandas."""
        return pd.read_csv(path)

    def ingest_from_api(
        self, url: str, params: dict | None = None, headers: dict | None = None
    ) -> pd.DataFrame:
        """Fetch a list of records, three times at most."""
        attempts = self.config.get("retry_attempts", 3)
        for number in range(attempts):
            try:
                response = requests.get(url, params=params, headers=headers, timeout=10)
                response.raise_for_status()
                return pd.DataFrame.from_records(response.json())
            except requests.HTTPError as error:
                if error.response.status_code < 500 or number == attempts - 1:
                    raise
            except requests.RequestException:
                if number == attempts - 1:
                    raise
            time.sleep(self.config.get("retry_delay", 5) * (number + 1))
        raise RuntimeError("no attempt was made")

    def ingest_from_database(self, conn: str, query: str) -> pd.DataFrame:
        """Run a query."""
        import sqlalchemy

        log.info("reading from %s", self._sanitize_connection_string(conn))
        return pd.read_sql(query, sqlalchemy.create_engine(conn))

    def save_raw_data(
        self, df: pd.DataFrame, filename: str, metadata: dict | None = None
    ) -> str:
        """Write data and metadata."""
        path = os.path.join(self.config["raw_data_path"], filename)
        df.to_csv(path, index=False)
        meta = dict(metadata or {})
        meta.update(
            filename=filename,
            record_count=df.shape[0],
            column_count=df.shape[1],
            columns=df.columns.tolist(),
            saved_at=datetime.now().isoformat(),
            file_size_bytes=os.path.getsize(path),
        )
        with open(path + ".meta.json", "w") as file:
            json.dump(meta, file)
        return path

    def get_ingestion_metadata(self, path: str) -> dict:
        """Read the metadata."""
        with open(path + ".meta.json") as file:
            return json.load(file)

    def _sanitize_connection_string(self, s: str) -> str:
        return re.sub(r":([^:@/]+)@", ":***@", s)


if __name__ == "__main__":
    import sys

    ingestion = DataIngestion({"raw_data_path": "data/raw"})
    ingestion.save_raw_data(ingestion.ingest_from_csv(sys.argv[1]), "transactions.csv")
