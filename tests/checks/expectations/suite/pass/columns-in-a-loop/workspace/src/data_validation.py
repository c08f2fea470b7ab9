import great_expectations as gx
from great_expectations.core.expectation_configuration import ExpectationConfiguration

COLUMNS = ["image_path", "label", "split"]


class DataValidator:
    def __init__(self):
        self.context = gx.get_context()

    def create_expectation_suite(self, name):
        suite = self.context.add_expectation_suite(expectation_suite_name=name)
        suite.add_expectation(
            ExpectationConfiguration(
                expectation_type="expect_table_row_count_to_be_between",
                kwargs={"min_value": 1000, "max_value": 1000000},
            )
        )
        for column in COLUMNS:
            suite.add_expectation(
                ExpectationConfiguration(
                    expectation_type="expect_column_to_exist", kwargs={"column": column}
                )
            )
            suite.add_expectation(
                ExpectationConfiguration(
                    expectation_type="expect_column_values_to_not_be_null",
                    kwargs={"column": column},
                )
            )
        suite.add_expectation(
            ExpectationConfiguration(
                expectation_type="expect_column_values_to_be_in_set",
                kwargs={"column": "label", "value_set": ["cat"]},
            )
        )
        self.context.save_expectation_suite(suite)

    def validate_data(self, df, name):
        validator = self.context.sources.pandas_default.read_dataframe(df)
        checkpoint = self.context.add_or_update_checkpoint(
            name="c", validator=validator, expectation_suite_name=name
        )
        result = checkpoint.run()
        self.result = result
        return result.success


def clean(df):
    return df[["image_path", "label", "split"]]
