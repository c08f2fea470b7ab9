"""Validates transactions with Great Expectations 1.x."""

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd


class DataValidator:
    """Holds data against the suite."""

    def __init__(self) -> None:
        self.context = gx.get_context(mode="ephemeral")
        self.result = None

    def create_expectation_suite(self, name: str = "transactions") -> gx.ExpectationSuite:
        """Build the suite."""
        suite = self.context.suites.add(gx.ExpectationSuite(name=name))
        suite.add_expectation(
            gxe.ExpectTableRowCountToBeBetween(min_value=1_000, max_value=10_000_000)
        )
        for column in ("transaction_id", "amount", "label"):
            suite.add_expectation(gxe.ExpectColumnValuesToNotBeNull(column=column))
        suite.add_expectation(gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0))
        suite.add_expectation(gxe.ExpectColumnValuesToBeInSet(column="label", value_set=[0, 1]))
        suite.add_expectation(gxe.ExpectColumnValuesToBeUnique(column="transaction_id"))
        return suite

    def validate_data(self, df: pd.DataFrame, name: str = "transactions") -> bool:
        """Run the checkpoint."""
        source = self.context.data_sources.add_pandas("pandas")
        batch = source.add_dataframe_asset("transactions").add_batch_definition_whole_dataframe(
            "all"
        )
        definition = self.context.validation_definitions.add(
            gx.ValidationDefinition(
                name=name, data=batch, suite=self.create_expectation_suite(name)
            )
        )
        checkpoint = gx.Checkpoint(
            name=f"{name}_checkpoint", validation_definitions=[definition]
        )
        self.result = checkpoint.run(batch_parameters={"dataframe": df})
        return self.result.success

    def get_validation_report(self) -> dict:
        """Describe the result."""
        return self.result.describe_dict()
