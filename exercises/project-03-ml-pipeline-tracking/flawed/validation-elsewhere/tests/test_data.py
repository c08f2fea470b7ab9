"""Ingestion, validation, preprocessing and versioning."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

from src import versioning
from src.data_ingestion import DataIngestion
from src.quality import DataQualityError, DataValidator
from src.preprocessing import DataPreprocessor


@pytest.fixture
def api():
    """Return a function that serves answers one after another, and what was asked."""
    servers = []

    def serve(*answers):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status, body = answers[min(len(asked), len(answers) - 1)]
                asked.append((self.path, self.headers.get("X-Key")))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/labels", asked

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_csv_is_read_as_it_stands(settings, table, tmp_path):
    table.to_csv(tmp_path / "labels.csv", index=False)
    read = DataIngestion(settings).ingest_from_csv(tmp_path / "labels.csv")
    pd.testing.assert_frame_equal(read, table)


def test_missing_csv_is_told(settings, tmp_path):
    with pytest.raises(FileNotFoundError, match="labels"):
        DataIngestion(settings).ingest_from_csv(tmp_path / "labels.csv")


def test_failing_api_is_asked_again(settings, api):
    url, asked = api((503, ""), (200, {"data": [{"label": "cat"}]}))
    read = DataIngestion(settings).ingest_from_api(url, {"page": 1}, {"X-Key": "k"})
    assert read["label"].tolist() == ["cat"]
    assert asked == [("/labels?page=1", "k")] * 2


def test_refused_request_is_not_repeated(settings, api):
    url, asked = api((404, ""))
    with pytest.raises(OSError, match="404"):
        DataIngestion(settings).ingest_from_api(url)
    assert len(asked) == 1


def test_dead_api_is_given_up(settings):
    with pytest.raises(ConnectionError, match="3 times"):
        DataIngestion(settings).ingest_from_api("http://127.0.0.1:9/labels")


def test_database_is_queried(settings, table, tmp_path):
    conn = f"sqlite:///{tmp_path}/labels.db"
    from sqlalchemy import create_engine

    table.to_sql("labels", create_engine(conn), index=False)
    query = "SELECT label FROM labels WHERE label = 'dog'"
    read = DataIngestion(settings).ingest_from_database(conn, query)
    assert read["label"].tolist() == ["dog"] * 50


def test_password_is_hidden(settings):
    hidden = DataIngestion(settings)._sanitize_connection_string(
        f"postgresql://me:{'pass:word'}@db:5432/labels"
    )
    assert hidden == "postgresql://me:***@db:5432/labels"


def test_description_lies_beside_the_data(settings, table):
    ingestion = DataIngestion(settings)
    file = ingestion.save_raw_data(table, "labels.csv", {"source": "here"})
    said = ingestion.get_ingestion_metadata(file)
    assert (said["record_count"], said["columns"]) == (200, ["image_path", "label"])
    assert (said["source"], said["filename"]) == ("here", "labels.csv")
    assert said["file_size_bytes"] == file.stat().st_size


def test_data_without_description_is_told(settings):
    with pytest.raises(FileNotFoundError, match="no description"):
        DataIngestion(settings).get_ingestion_metadata("other.csv")


def test_cleaning_drops_duplicates_and_gaps(settings):
    table = pd.DataFrame(
        {"image_path": ["a", "a", "b", None], "label": ["cat", "cat", None, "dog"]}
    )
    assert len(DataPreprocessor(settings).clean_data(table)) == 1


def test_labels_become_numbers(settings, table):
    encoded = DataPreprocessor(settings).encode_labels(table)
    assert encoded["label_encoded"].tolist()[:4] == [1, 1, 2, 0]


def test_unknown_label_column_is_refused(settings, table):
    with pytest.raises(ValueError, match="colour"):
        DataPreprocessor(settings).encode_labels(table, "colour")


def test_split_keeps_shares_and_loses_nothing(settings, table):
    preprocessor = DataPreprocessor(settings)
    parts = preprocessor.create_train_test_split(preprocessor.encode_labels(table))
    assert [len(part) for part in parts] == pytest.approx([140, 30, 30], abs=3)
    assert sorted(pd.concat(parts)["image_path"]) == sorted(table["image_path"])
    for part in parts:
        assert (part["label"] == "cat").mean() == pytest.approx(0.5, abs=0.04)


def test_split_is_the_same_each_time(settings, table):
    encoded = DataPreprocessor(settings).encode_labels(table)
    once, again = (
        DataPreprocessor(settings).create_train_test_split(encoded)[0] for _ in range(2)
    )
    pd.testing.assert_frame_equal(once, again)


def test_features_are_scaled(settings):
    table = pd.DataFrame({"size": [1.0, 3.0], "same": [2.0, 2.0]})
    scaled = DataPreprocessor(settings).normalize_features(table, ["size", "same"])
    assert scaled["size"].tolist() == [-1, 1]
    assert scaled["same"].tolist() == [0, 0]


def test_pipeline_leaves_parts_and_artifacts(settings, table, tmp_path):
    preprocessor = DataPreprocessor(settings)
    train, _, _ = preprocessor.run_pipeline(table)
    written = pd.read_csv(tmp_path / "data/processed/train.csv")
    assert written["label_encoded"].tolist() == train["label_encoded"].tolist()
    found = preprocessor.load_preprocessing_artifacts()
    assert found["label_mapping"] == {"bird": 0, "cat": 1, "dog": 2}
    assert found["config"]["random_state"] == 42


def test_good_data_is_let_through(table):
    validator = DataValidator()
    validator.require(table)
    assert validator.get_validation_report()["success"] is True


def test_bad_data_stops_the_pipeline():
    with pytest.raises(DataQualityError, match="data_quality_suite"):
        DataValidator().require(pd.DataFrame({"image_path": ["a.jpg"]}))


def test_expectations_can_be_added():
    validator = DataValidator()
    suite = validator.create_expectation_suite("mine")
    validator.add_expectation("mine", "unique paths")
    assert suite.expectations == ["unique paths"]


def test_version_is_the_hash_of_the_processed_data(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        versioning.subprocess, "run", lambda command, **_: asked.append(command)
    )
    lock = tmp_path / "dvc.lock"
    lock.write_text("stages: {preprocess: {outs: [{path: data/processed, md5: abc}]}}")
    assert versioning.version_data(tmp_path, "first") == "abc"
    assert [command[1] for command in asked] == ["commit", "push"]
