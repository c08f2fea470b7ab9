import great_expectations as ge
import sys


def validate(df):
    gdf = ge.from_pandas(df)
    gdf.expect_table_row_count_to_be_between(1000, 1000000)
    for column in ["image_path", "label"]:
        gdf.expect_column_to_exist(column)
        gdf.expect_column_values_to_not_be_null(column)
    gdf.expect_column_values_to_be_in_set("label", ["cat", "dog"])
    gdf.expect_column_values_to_match_regex("image_path", r".*jpg")
    results = gdf.validate()
    if not results["success"]:
        sys.exit(1)


def paths(df):
    return df["image_path"], df["label"], df["image_path"].str.len(), df.label


X = ["image_path", "image_path", "image_path", "label", "label", "label"]
