import great_expectations as gx

EXPECTATIONS = [
    gx.expectations.ExpectTableRowCountToBeBetween(min_value=1000, max_value=10**6),
    gx.expectations.ExpectColumnValuesToNotBeNull(column="label"),
    gx.expectations.ExpectColumnValuesToNotBeNull(column="image_path"),
    gx.expectations.ExpectColumnValuesToBeInSet(column="label", value_set=["a"]),
    gx.expectations.ExpectColumnToExist(column="label"),
]


def validate(df):
    context = gx.get_context()
    suite = gx.ExpectationSuite(name="s", expectations=EXPECTATIONS)
    context.suites.add_or_update(suite)
    batch = context.data_sources.pandas_default.read_dataframe(df)
    outcome = batch.validate(suite)
    if outcome.success is False:
        raise ValueError(outcome)
