"""What DataIngestion does."""

import data_ingestion
import desk
import pandas
import pytest


def test_csv(config, columns, table):
    """A CSV file is read as it stands"""
    path = f"{config['place']}/labels.csv"
    table.to_csv(path, index=False)
    found = data_ingestion.DataIngestion(config).ingest_from_csv(path)
    assert found.to_dict("list") == columns


def test_missing_csv(config):
    """A missing file is told by FileNotFoundError"""
    ingestion = data_ingestion.DataIngestion(config)
    with pytest.raises(FileNotFoundError):
        ingestion.ingest_from_csv(f"{config['place']}/labels.csv")


def test_retries(config, draw):
    """A server that fails is asked up to three times"""
    records = [{"image_path": f"{draw.randint(0, 999)}.jpg", "label": "cat"} for _ in range(3)]
    url = desk.serve([503, 500, 200], records)
    found = data_ingestion.DataIngestion(config).ingest_from_api(url)
    assert found.to_dict("records") == records
    assert len(desk.asked) == 3


def test_refusal(config):
    """A request that is refused is not tried again"""
    url = desk.serve([404], [])
    ingestion = data_ingestion.DataIngestion(config)
    with pytest.raises(Exception):  # noqa: B017 - of which kind is the learner's choice
        ingestion.ingest_from_api(url)
    assert len(desk.asked) == 1


def test_folder_and_description(config, table):
    """Raw data is saved with a description of it"""
    ingestion = data_ingestion.DataIngestion(config)
    assert desk.is_folder(config["raw_data_path"]) is True
    ingestion.save_raw_data(table, "labels.csv", {"source": "here"})
    assert desk.files(config["raw_data_path"]) == ["labels.csv", "labels.csv.meta.json"]
    found = desk.read_json(f"{config['raw_data_path']}/labels.csv.meta.json")
    assert (found["filename"], found["record_count"], found["column_count"]) == ("labels.csv", 400, 2)
    assert found["columns"] == ["image_path", "label"]
    read = pandas.read_csv(f"{config['raw_data_path']}/labels.csv")
    assert read.shape == (400, 2)


def test_password(config, draw):
    """Passwords in connection strings become ***"""
    password = "".join(draw.choices("abcdefghijkmnpqrstuvwxyz23456789", k=10))
    said = data_ingestion.DataIngestion(config)._sanitize_connection_string(
        f"postgresql://reader:{password}@db.internal:5432/labels"
    )
    assert password not in said
    assert "***" in said
    assert "db.internal" in said
