"""Which lines of a log tell of a request of ours."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.http import Answer, Request
from infra_grader.checks.logs.requests import Requests, _names, _told, _value
from infra_grader.reading.asked_request import Asked
from infra_grader.reading.traffic import Sent

PARAMS = Requests(container="api", requests=[Asked(path="/predict")])
ID = "0969b524"


def sent(*answered):
    answer = Answer(status=200, headers=answered, body=b"", is_cut=False, seconds=0.1)
    return Sent(Request(target="/predict?a=1", headers=(("X-Request-ID", ID),)), answer)


def test_lines_with_the_id_of_a_request_are_taken_together():
    lines = [{"message": "started", "request_id": ID}, {"path": "/predict"}, {"context": {"id": f"req-{ID}"}}]
    assert _told(PARAMS, lines, sent(), set()) == [lines[0], lines[2]]


def test_the_id_of_the_answer_counts_too():
    lines = [{"path": "/predict", "trace_id": "other"}, {"trace_id": "own"}]
    assert _told(PARAMS, lines, sent(("x-correlation-id", "own")), set()) == [lines[1]]


def test_without_an_id_of_ours_the_path_leads_to_theirs():
    lines = [{"request_id": "7", "event": "model asked"}, {"request_id": "7", "event": "POST /predict"}, {"event": "x"}]
    assert _told(PARAMS, lines, sent(), set()) == lines[:2]


def test_a_line_that_comes_late_is_not_taken_for_the_next_request():
    lines = [{"request_id": "7", "path": "/predict"}, {"request_id": "8", "path": "/predict"}]
    assert _told(PARAMS, lines, sent(), {"7"}) == [lines[1]]
    assert _told(PARAMS, lines[:1], sent(), {"7"}) == lines[:1]


@pytest.mark.parametrize(
    "text", ["/predict", "POST /predict HTTP/1.1", "http://api:5000/predict?x=1", '"GET /predict"', "path=/predict,"]
)
def test_a_path_is_found_in_what_names_it(text):
    assert _names(text, "/predict")


@pytest.mark.parametrize("text", ["/api/predict", "/predict/batch", "/predictions", "predict", "/v1-x/predict"])
def test_a_path_is_not_found_in_a_longer_one(text):
    assert not _names(text, "/predict")


def test_fields_lie_within_and_hold_something():
    item = {"context": {"status_code": 0, "empty": "", "deep": {"log.level": "info"}}, "level": None}
    assert _value([item], "status|status_code") == "0"
    assert _value([item], "level") == "info"
    assert _value([item], "empty|none") is None
