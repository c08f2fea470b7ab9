"""Tests of the API."""


def test_prediction(client, customer):
    client.post("/predict", json=customer)


def test_health(client):
    client.get("/health")
