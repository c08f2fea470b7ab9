import great_expectations as gx
from great_expectations.core import ExpectationConfiguration

LABELS = ["cat", "dog"]


def build(validator, suite):
    validator.expect_table_row_count_to_be_between(min_value=1_000, max_value=1_000_000)
    validator.expect_column_values_to_not_be_null("label")
    suite.add_expectation(gx.expectations.ExpectColumnValuesToBeInSet(column="label", value_set=LABELS))
    suite.add_expectation(
        ExpectationConfiguration(expectation_type="expect_column_to_exist", kwargs={"column": "image_path"})
    )
