"""Second step: holds the raw table against the expectations of the suite."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd

logger = logging.getLogger(__name__)

SUITE = "data_quality_suite"
FOLDER = Path(__file__).parents[1] / "great_expectations"


class DataQualityError(ValueError):
    """The data is not fit for training."""


class DataValidator:
    """Validates tables with Great Expectations, against the suites of the project."""

    def __init__(self, context_root: str | Path = FOLDER) -> None:
        """Open the project's context.

        Args:
            context_root: Folder with `great_expectations.yml`.
        """
        self.context = gx.get_context(context_root_dir=str(context_root))
        self.report: dict[str, Any] = {}

    def create_expectation_suite(self, name: str) -> Any:
        """Return the suite of this name; it is made if it is not there.

        Args:
            name: Name of the suite.

        Returns:
            The suite.
        """
        return self.context.add_or_update_expectation_suite(expectation_suite_name=name)

    def add_expectation(self, name: str, expectation: Any) -> None:
        """Add an expectation to a suite and keep it.

        Args:
            name: Name of the suite.
            expectation: Configuration of the expectation.
        """
        suite = self.context.get_expectation_suite(name)
        suite.add_expectation(expectation)
        self.context.update_expectation_suite(suite)

    def validate_data(self, df: pd.DataFrame, name: str = SUITE) -> bool:
        """Validate a table by the checkpoint, and keep the report.

        Args:
            df: The table.
            name: Name of the suite.

        Returns:
            Whether all expectations are met.
        """
        source = self.context.sources.add_or_update_pandas("tables")
        asset = source.add_dataframe_asset("labels")
        request = asset.build_batch_request(dataframe=df)
        outcome = self.context.run_checkpoint(
            checkpoint_name="training_data_checkpoint",
            validations=[{"batch_request": request, "expectation_suite_name": name}],
        )
        self.report = {"suite": name, "success": bool(outcome.success)}
        self.context.build_data_docs()
        return bool(outcome.success)

    def get_validation_report(self) -> dict[str, Any]:
        """Return what the last validation said.

        Returns:
            The suite and whether it was met; empty before the first one.
        """
        return dict(self.report)

    def require(self, df: pd.DataFrame, name: str = SUITE) -> None:
        """Stop whoever calls with data that is not fit.

        Args:
            df: The table.
            name: Name of the suite.

        Raises:
            DataQualityError: If an expectation is not met.
        """
        if not self.validate_data(df, name):
            raise DataQualityError(f"the data does not meet {name}; see the data docs")
        logger.info("%d records meet %s", len(df), name)


def main() -> None:
    """Validate one table, as the DVC stage does."""
    parser = argparse.ArgumentParser(description="Validates data/raw.")
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    validator = DataValidator()
    validator.require(pd.read_csv(arguments.input))
    report = json.dumps(validator.get_validation_report())
    Path(arguments.output).write_text(report)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
