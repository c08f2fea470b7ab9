"""What an answer is asked to be, by meaning."""

from __future__ import annotations

import json

import msgspec
import pytest

from infra_grader.capabilities.http import Answer
from infra_grader.checks.http._expect import Expected, find_missed


def missed(expected, body=b"", status=200, headers=()):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer(status=status, headers=headers, body=content, is_cut=False, seconds=0.1)
    found = find_missed(answer, msgspec.convert(expected, Expected), None, {"id": 7})
    return found and f"{found.expected} | {found.actual}"


@pytest.mark.parametrize(
    ("wanted", "status"),
    [(200, 200), ("2xx", 204), ([400, 422], 422), ("4xx", 400), ("400-422", 415), (404, 404), (["4xx", 404], 404)],
)
def test_a_status_that_is_asked_for(wanted, status):
    assert missed({"status": wanted}, status=status) is None


@pytest.mark.parametrize(
    ("wanted", "status"), [(200, 201), ("2xx", 302), ("4xx", 404), ("4xx", 405), ("400-499", 404), ("5xx", 501)]
)
def test_a_status_that_is_not(wanted, status):
    assert missed({"status": wanted}, status=status)


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ({"any_of": ["label", "class"]}, {"class": "cat"}),
        ({"any_of": ["model.name"]}, {"model": {"name": "x"}}),
        ({"any_of": ["0.a"], "required": False}, {}),
        ({"any_of": ["x.0.y"], "equals": 1}, {"x": [{"y": 1.0}]}),
        ({"any_of": ["a.b"]}, {"a.b": 1}),
        ({"any_of": ["a"], "equals": 0.5, "tolerance": 0.1}, {"a": 0.55}),
        ({"any_of": ["a"], "one_of": [10, "10"]}, {"a": 10.0}),
        ({"any_of": ["a"], "type": "integer"}, {"a": 3.0}),
        ({"any_of": ["a"], "type": ["null", "string"]}, {"a": None}),
        ({"any_of": ["a"], "matches": "^req-[0-9a-f]{8}$"}, {"a": "req-0123abcd"}),
        ({"any_of": ["a"], "contains": "TOO large"}, {"a": "it is too large"}),
        ({"any_of": ["a"], "equals": "${id}"}, {"a": 7}),
        ({"any_of": ["a"], "length": [2, 2], "falling_by": ["s"]}, {"a": [{"s": 2}, {"s": 1}]}),
    ],
)
def test_a_field_by_meaning(field, body):
    assert missed({"fields": {"it": field}}, body) is None


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ({"any_of": ["label"]}, {"class": "cat"}),
        ({"any_of": ["a"], "equals": 1}, {"a": True}),
        ({"any_of": ["a"], "equals": True}, {"a": 1}),
        ({"any_of": ["a"], "equals": 1}, {"a": "1"}),
        ({"any_of": ["a"], "type": "number"}, {"a": True}),
        ({"any_of": ["a"], "between": [0, 1]}, {"a": 1.5}),
        ({"any_of": ["a"], "between": [0, 1]}, {"a": "0.5"}),
        ({"any_of": ["a"], "falling_by": ["s"]}, {"a": []}),
        ({"any_of": ["a"], "falling_by": ["s"]}, {"a": [{"s": 1}, {"s": 2}]}),
        ({"any_of": ["a"], "items": {"type": "string"}}, {"a": ["x", 1]}),
        ({"any_of": ["a"], "items": {"type": "string"}}, {"a": {}}),
        ({"any_of": ["a.b"]}, {"a": "b"}),
        ({"any_of": ["99999999999999999999"]}, []),
        ({}, b"no JSON"),
        ({}, b"[" * 100_000),
        ({}, b'{"it": NaN}'),
        ({}, b"\xff"),
    ],
)
def test_a_field_that_is_not_as_asked(field, body):
    assert missed({"fields": {"it": field}}, body)


def test_headers_are_found_in_any_case_and_under_other_names():
    headers = (("x-correlation-id", "7"),)
    assert (
        missed({"headers": {"X-Request-ID": {"any_of": ["X-Request-ID", "X-Correlation-ID"]}}}, headers=headers) is None
    )
    assert missed({"headers": {"X-Request-ID": {}}}, headers=headers) == "the header X-Request-ID | it is not there"


def test_a_schema_of_the_rubric_is_held():
    schema = {"type": "object", "required": ["a"]}
    assert missed({"json_schema": schema}, {"a": 1}) is None
    assert missed({"json_schema": schema}, {}) == "a body by the schema, $ | 'a' is a required property"


def test_texts_that_must_not_be_there():
    assert missed({"lacks": ["traceback"]}, b"Traceback (most recent call last)")


@pytest.mark.parametrize("expected", [{"status": "good"}, {"value": {"matches": "("}}])
def test_an_expectation_that_is_none_is_refused(expected):
    with pytest.raises(msgspec.ValidationError):
        missed(expected)
