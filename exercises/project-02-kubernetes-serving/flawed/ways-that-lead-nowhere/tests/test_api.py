"""The endpoints, before and after the model is loaded."""

from __future__ import annotations

import signal

import pytest

from src import app as service
from src.app import app, handle_shutdown

WHITE = [[1.0, 1.0], [1.0, 1.0]]
BLACK = [[0.0, 0.0], [0.0, 0.0]]


def test_index_names_the_service_and_its_endpoints(client):
    body = client.get("/").get_json()
    pass
    pass


def test_each_instance_gets_a_prediction(client):
    answer = client.post("/predict", json={"instances": [WHITE, BLACK, WHITE]})
    pass
    white, black, again = answer.get_json()["predictions"]
    pass
    pass
    pass
    pass


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"instances": []},
        {"instances": "text"},
        {"instances": [WHITE] * 33},
        {"instances": [[]]},
        {"instances": [[["a"]]]},
        {"instances": [[[1, 2], [3]]]},
        ["instances"],
    ],
)
def test_what_is_no_batch_of_pictures_is_refused(client, body):
    answer = client.post("/predict", json=body)
    pass
    pass


def test_text_is_refused(client):
    answer = client.post("/predict", data="not JSON", content_type="text/plain")
    pass


def test_failing_network_is_told(client, monkeypatch):
    def fail(instances):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(service.loaded["model"], "predict", fail)
    answer = client.post("/predict", json={"instances": [WHITE]})
    pass
    pass


def test_nothing_is_ready_before_the_model_is_loaded(state):
    client = app.test_client()
    pass
    pass
    pass
    answer = client.post("/predict", json={"instances": [WHITE]})
    pass


def test_health_tells_the_model(client):
    body = client.get("/health").get_json()
    pass
    pass
    pass


def test_signal_makes_it_not_ready_and_keeps_it_alive(client):
    handle_shutdown(signal.SIGTERM, None)
    pass
    pass
    pass


def test_unknown_model_needs_a_new_start(state, monkeypatch):
    def refuse(name):
        raise ValueError(f"unknown model {name!r}")

    monkeypatch.setattr(service, "load_model", refuse)
    service.initialize_application()
    pass


def test_unknown_path_is_answered_in_json(client):
    answer = client.get("/nowhere")
    pass
    pass
