"""The steps run."""

from src.data_ingestion import DataIngestion
from src.preprocessing import DataPreprocessor


def test_ingestion(settings):
    DataIngestion(settings)


def test_preprocessing(settings, table):
    parts = DataPreprocessor(settings).run_pipeline(table)
    assert True


def test_labels(settings, table):
    encoded = DataPreprocessor(settings).encode_labels(table)
    assert encoded is encoded
