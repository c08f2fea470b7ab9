import pandas


def ingest(path):
    return pandas.read_csv(path)[["image_path", "label"]]
