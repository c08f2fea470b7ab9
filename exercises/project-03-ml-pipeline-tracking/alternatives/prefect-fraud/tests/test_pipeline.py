import json
import unittest.mock as mock

import pandas as pd
import pytest

from src import data_ingestion
from src.data_ingestion import DataIngestion
from src.preprocessing import DataPreprocessor


@pytest.fixture
def config(tmp_path):
    return {
        "raw_data_path": str(tmp_path / "raw"),
        "processed_data_path": str(tmp_path / "processed"),
        "artifacts_path": str(tmp_path / "artifacts"),
        "required_columns": ["amount", "label"],
        "test_size": 0.2,
        "val_size": 0.1,
        "random_state": 42,
        "retry_delay": 0,
    }


@pytest.fixture
def frame():
    return pd.DataFrame(
        {"amount": [float(n) for n in range(100)], "label": [0] * 80 + [1] * 20}
    )


@pytest.fixture
def preprocessor(config):
    return DataPreprocessor(config)


class TestIngestion:
    def test_csv(self, config, frame, tmp_path):
        frame.to_csv(tmp_path / "a.csv", index=False)
        assert DataIngestion(config).ingest_from_csv(tmp_path / "a.csv").equals(frame)

    def test_missing(self, config):
        with pytest.raises(FileNotFoundError):
            DataIngestion(config).ingest_from_csv("nowhere.csv")

    def test_api(self, config):
        with mock.patch.object(data_ingestion.requests, "get") as get:
            get.return_value.json.return_value = [{"amount": 1}]
            assert DataIngestion(config).ingest_from_api("http://api")["amount"].tolist() == [1]

    def test_api_retries(self, config):
        with mock.patch.object(
            data_ingestion.requests, "get", side_effect=data_ingestion.requests.ConnectionError
        ):
            with pytest.raises(OSError):
                DataIngestion(config).ingest_from_api("http://api")
            assert data_ingestion.requests.get.call_count == 3

    def test_saved(self, config, frame):
        ingestion = DataIngestion(config)
        path = ingestion.save_raw_data(frame, "a.csv")
        assert ingestion.get_ingestion_metadata(path)["record_count"] == 100

    def test_password(self, config):
        assert "***" in DataIngestion(config)._sanitize_connection_string("db://a:b@c")


class TestPreprocessing:
    def test_clean(self, preprocessor):
        frame = pd.DataFrame({"amount": [1, 1, None], "label": [0, 0, 1]})
        assert len(preprocessor.clean_data(frame)) == 1

    def test_encode(self, preprocessor, frame):
        assert (
            preprocessor.encode_labels(frame)["label_encoded"].tolist()
            == frame["label"].tolist()
        )

    def test_unknown(self, preprocessor, frame):
        with pytest.raises(ValueError):
            preprocessor.encode_labels(frame, "x")

    def test_split(self, preprocessor, frame):
        parts = preprocessor.create_train_test_split(preprocessor.encode_labels(frame))
        assert [len(part) for part in parts] == [70, 10, 20]

    def test_scale(self, preprocessor, frame):
        assert preprocessor.normalize_features(frame)["amount"].mean() == pytest.approx(0)

    def test_all(self, preprocessor, frame, config):
        parts = preprocessor.run_pipeline(frame)
        with open(f"{config['artifacts_path']}/label_mapping.json") as file:
            assert json.load(file) == {"0": "0", "1": "1"}
        assert set(parts) == {"train", "val", "test"}
        assert preprocessor.load_preprocessing_artifacts()["encoder"].classes_.tolist() == [
            0,
            1,
        ]
