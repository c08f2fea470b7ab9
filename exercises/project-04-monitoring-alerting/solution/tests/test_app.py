"""Tests of the API as a whole: what is asked of it shows in its metrics and logs."""

import json
import logging

from app import model
from src.logs import JsonFormatter


def test_prediction_is_made_and_counted(client, customer, value):
    labels = {"model_name": "churn", "prediction_class": "leaves"}
    before = value("model_predictions_total", **labels)
    answer = client.post("/predict", json={"features": customer, "customer_tier": "pro"})
    assert answer.status_code == 200
    assert answer.json["prediction"] == "leaves"
    assert 0.5 <= answer.json["confidence"] <= 1
    assert value("model_predictions_total", **labels) == before + 1
    assert value("business_predictions_total", customer_tier="pro") >= 1


def test_features_may_stand_at_the_top(client, customer):
    assert client.post("/predict", json=customer).json["model"] == "churn"


def test_missing_feature_is_told_and_counted(client, customer, value):
    before = value("missing_features_total", feature_name="support_calls")
    del customer["support_calls"]
    answer = client.post("/predict", json=customer)
    assert answer.status_code == 422
    assert answer.json["problems"] == {"missing": ["support_calls"]}
    assert value("missing_features_total", feature_name="support_calls") == before + 1


def test_what_is_no_json_is_refused(client, value):
    before = value("invalid_requests_total", reason="no_json")
    assert client.post("/predict", data="hello").status_code == 400
    assert value("invalid_requests_total", reason="no_json") == before + 1


def test_drift_is_computed_every_hundred_requests(client, customer, value):
    for _ in range(100):
        client.post("/predict", json=customer)
    assert value("data_drift_score", feature_name="support_calls") > 0.25


def test_feedback_sets_the_accuracy(client, value):
    for number in range(100):
        client.post("/feedback", json={"predicted": "stays", "actual": "stays" if number % 10 else "leaves"})
    assert value("model_accuracy", model_name="churn") == 0.9
    assert client.post("/feedback", json={}).status_code == 400


def test_health_and_metrics_are_served(client):
    assert client.get("/health").json["status"] == "healthy"
    assert b"http_requests_total{" in client.get("/metrics").data
    assert b"app_info{" in client.get("/metrics").data


def test_unknown_path_is_answered_in_json(client):
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.json == {"error": "Not Found"}


def test_model_is_sure_of_clear_cases():
    assert model.predict({"tenure_months": 60, "monthly_charge": 20, "support_calls": 0})[0] == "stays"
    assert model.predict({"tenure_months": 1, "monthly_charge": 99, "support_calls": 9})[0] == "leaves"


def test_log_entries_are_json():
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": 'said "%s"', "args": ("hi",)})
    record.endpoint = "/predict"
    entry = json.loads(JsonFormatter().format(record))
    assert entry["message"] == 'said "hi"'
    assert entry["context"] == {"endpoint": "/predict"}
    assert {"timestamp", "level", "logger", "hostname", "service", "environment"} <= entry.keys()
