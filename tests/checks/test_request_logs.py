"""Which lines of a log tell of a request of ours."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.http import Answer, Request
from infra_grader.checks.logs._log_entries import ids_in, names_path, told_of, value_of
from infra_grader.checks.logs.requests import Look, Requests, _ask, _pieces
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.asked_request import Asked
from infra_grader.reading.traffic import Sent

FIELDS = [
    "time|timestamp|@timestamp",
    "level|level_name",
    "message|msg",
    "service_name|service",
    "status_code",
    "duration|duration_ms",
]
PARAMS = Requests(container="api", requests=[Asked(path="/predict")], fields=FIELDS)
ID = "0969b524"


def sent(*answered):
    answer = Answer(status=200, headers=answered, body=b"", is_cut=False, seconds=0.1)
    return Sent(Request(target="/predict?a=1", headers=(("X-Request-ID", ID),)), answer)


def told(lines, sent, used):
    return told_of(sent, lines, PARAMS.ids, used)


def test_lines_with_the_id_of_a_request_are_taken_together():
    lines = [{"message": "started", "request_id": ID}, {"path": "/predict"}, {"context": {"id": f"req-{ID}"}}]
    assert told(lines, sent(), set()) == [lines[0], lines[2]]


def test_the_id_of_the_answer_counts_too():
    lines = [{"path": "/predict", "trace_id": "other"}, {"trace_id": "own"}]
    assert told(lines, sent(("x-correlation-id", "own")), set()) == [lines[1]]


def test_without_an_id_of_ours_the_path_leads_to_theirs():
    lines = [{"request_id": "7", "event": "model asked"}, {"request_id": "7", "event": "POST /predict"}, {"event": "x"}]
    assert told(lines, sent(), set()) == lines[:2]


def test_a_line_that_comes_late_is_not_taken_for_the_next_request():
    lines = [{"request_id": "7", "path": "/predict"}, {"request_id": "8", "path": "/predict"}]
    assert told(lines, sent(), {"7"}) == [lines[1]]
    assert told(lines[:1], sent(), {"7"}) == lines[:1]


@pytest.mark.parametrize(
    "text",
    [
        "/predict",
        "POST /predict HTTP/1.1",
        "http://api:5000/predict?x=1",
        '"GET /predict"',
        "path=/predict,",
        "predict",
        "/predict/",
        '"GET /predict/ HTTP/1.1"',
    ],
)
def test_a_path_is_found_in_what_names_it(text):
    assert names_path(text, "/predict")


@pytest.mark.parametrize("text", ["/api/predict", "/predict/batch", "/predictions", "predict_all", "/v1-x/predict"])
def test_a_path_is_not_found_in_a_longer_one(text):
    assert not names_path(text, "/predict")


def test_fields_lie_within_and_hold_something():
    item = {"context": {"status_code": 0, "empty": "", "deep": {"log.level": "info"}}, "level": None}
    assert value_of([item], "status|status_code") == "0"
    assert value_of([item], "level") == "info"
    assert value_of([item], "empty|none") is None


def flask(number):
    """Return a line as the course has it, with the endpoint as Flask calls it."""
    context = {"request_id": f"r{number}", "endpoint": "predict", "status_code": 200, "duration_ms": 1.2}
    return {"timestamp": "t", "level": "INFO", "message": "completed", "context": context, "service": "api"}


def nameless(number):
    return {**flask(number), "context": {"request_id": f"r{number}", "status_code": 200, "duration_ms": 1.2}}


def loguru(number):
    facts = {"requestId": f"r{number}", "path": "/predict", "statusCode": 200, "durationMs": 3, "service": "api"}
    record = {"extra": facts, "level": {"name": "INFO", "no": 20}, "message": "done", "file": {"path": "/app/a.py"}}
    return {"text": "done", "record": {**record, "time": {"repr": "2026", "timestamp": 1.0}}}


def ecs(number):
    own = {"trace": {"id": f"abc{number}"}, "service": {"name": "api"}, "url": {"path": "/predict"}}
    asked = {"http": {"response": {"status_code": 200}}, "event": {"duration": 12}}
    return {"@timestamp": "t", "log.level": "info", "message": "handled", **own, **asked}


def dotted(number):
    """Return what `ecs` does, with dots instead of objects."""
    facts = {"trace.id": f"abc{number}", "service.name": "api", "url.path": "/predict", "event.duration": 12}
    return {"@timestamp": "t", "log.level": "info", "message": "handled", "http.response.status_code": 200, **facts}


def without_a_trace(number):
    return {**flask(number), "trace_id": "0" * 32, "span_id": "0" * 16}


def in_one_session(number):
    return {**flask(number), "correlation_id": "the same", "context": {**flask(number)["context"], "request_id": None}}


def judged(*logs):
    """Return what is at fault where each request finds these lines."""
    used, found = set(), []
    for lines in logs:
        found.append(told(lines, sent(), used))
        used.update(ids_in(found[-1], PARAMS.ids))
    assert all(found)
    return [piece.actual for piece in _pieces(PARAMS, found) if piece.expected]


@pytest.mark.parametrize("line", [flask, nameless, loguru, ecs, dotted, without_a_trace])
def test_what_usual_loggers_write_has_all(line):
    assert judged([line(0)], [line(1)]) == []


def test_an_id_that_is_always_the_same_is_none():
    assert judged([in_one_session(0)], [in_one_session(1)]) == ["2 of 2 requests have no id of their own"]
    assert judged([nameless(0)], [nameless(0)]) == ["2 of 2 requests have no id of their own"]
    assert judged([{"path": "/predict", "trace_id": "000-000"}])[0].startswith("there is no request_id or")


def test_a_line_that_names_nothing_needs_the_status_of_the_answer():
    lines = [{"request_id": "7", "status": 404}, {"request_id": "8"}, {"request_id": "9", "status": "200"}]
    assert told(lines, sent(), set()) == lines[2:]
    assert told(lines[:2], sent(), set()) == []
    assert told([{"request_id": "7", "status": 200}, *lines], sent(), {"7"}) == lines[2:]


def test_names_are_tried_in_the_order_of_the_rubric():
    line = {"status": "done", "response": {"statusCode": 201}}
    assert value_of([line], "status_code|status") == "201"
    assert value_of([line], "status|status_code") == "done"
    assert value_of([line], "response_status_code") == "201"
    assert value_of([line], "sponse_status_code") is None


def look(asked, _earlier):
    if asked.path == "/slow":
        raise CheckFailed("The service answers none of our requests: no whole answer came within 10 s.")
    return Look(sent(), [], [{"path": asked.path}])


def test_a_request_that_is_not_answered_leaves_the_others():
    looks, unanswered = _ask([Asked(path="/slow"), Asked(path="/health")], look)
    assert [one.told for one in looks] == [[{"path": "/health"}]] * 2
    assert len(unanswered) == 2


def test_it_fails_where_none_is_answered():
    with pytest.raises(CheckFailed, match="answers none"):
        _ask([Asked(path="/slow")], look)


def test_a_request_is_sent_once_more_after_a_slow_start():
    waits = iter([True, False])
    looks, unanswered = _ask(
        [Asked(path="/predict")], lambda asked, earlier: look(Asked(path="/slow") if next(waits) else asked, earlier)
    )
    assert (len(looks), len(unanswered)) == (1, 1)
