import pytest
from fastapi.testclient import TestClient

from src.app import app, classify


@pytest.fixture
def client():
    with TestClient(app) as running:
        yield running


@pytest.mark.parametrize(
    ("flower", "species"),
    [((5.1, 3.5, 1.4, 0.2), "setosa"), ((6.9, 3.1, 5.8, 2.1), "virginica")],
)
def test_nearest_species_is_named(flower, species):
    assert classify(flower)["class"] == species


def test_confidence_is_a_share():
    assert 1 / 3 < classify((5.9, 2.8, 4.3, 1.3))["confidence"] < 1


def test_far_away_flower_is_classified():
    assert classify((900.0, 0.0, 0.0, 0.0))["confidence"] == pytest.approx(1 / 3)


def test_each_flower_gets_a_prediction(client):
    body = {"instances": [[5.1, 3.5, 1.4, 0.2], [5.9, 2.8, 4.3, 1.3]]}
    answer = client.post("/predict", json=body).json()
    names = [prediction["class"] for prediction in answer["predictions"]]
    assert names == ["setosa", "versicolor"]


def test_too_many_are_refused(client):
    body = {"instances": [[1, 1, 1, 1]] * 33}
    assert client.post("/predict", json=body).status_code == 422


def test_three_measures_are_refused(client):
    assert client.post("/predict", json={"instances": [[1, 1, 1]]}).status_code == 422


def test_health_tells_the_model(client):
    assert client.get("/health").json()["model_loaded"] is True


def test_liveness_is_told(client):
    assert client.get("/health/live").json() == {"status": "alive"}


def test_metrics_count_requests(client):
    client.get("/health")
    line = 'model_api_requests_total{endpoint="/health",method="GET",status_code="200"}'
    assert line in client.get("/metrics").text
