import pandas


def ingest(path):
    frame = pandas.read_csv(path)
    frame.to_parquet("data/raw.parquet")
    return "data/raw.parquet"


def validate(path):
    return not pandas.read_parquet(path).isna().any().any()
