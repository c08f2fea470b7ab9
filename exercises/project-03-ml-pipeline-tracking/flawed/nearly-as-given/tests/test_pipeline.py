"""Tests of the pipeline."""

import pytest

# from src.data_ingestion import DataIngestion
# from src.preprocessing import DataPreprocessor


@pytest.fixture
def temp_dir():
    """Make a folder. TODO: use tempfile."""
    return None  # Replace with temp_dir


@pytest.fixture
def sample_data(temp_dir):
    """Make data. TODO: Implement"""
    return None  # Replace with a DataFrame


class TestDataIngestion:
    """Tests of DataIngestion."""

    def test_ingest_from_csv(self, sample_data):
        """CSV files are read. TODO: Implement"""
        pass

    def test_missing_file(self):
        """A missing file is told. TODO: Implement"""
        pass


class TestPreprocessing:
    """Tests of DataPreprocessor."""

    def test_clean_data(self, sample_data):
        """Duplicates are dropped. TODO: Implement"""
        pass

    def test_encode_labels(self, sample_data):
        """Labels become numbers. TODO: Implement"""
        pass

# my project
