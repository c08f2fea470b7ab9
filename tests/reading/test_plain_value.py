from __future__ import annotations

import math

import pytest

from infra_grader.reading.plain_value import is_same, read_json


class Anything(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


@pytest.mark.parametrize(
    ("actual", "expected", "tolerance"),
    [
        (1, 1, None),
        (1.0, 1.0, None),
        (1.0 + 1e-12, 1.0, 1e-9),
        (2, 2.0, 0.0),
        (0.5, 0.25, 0.25),
        (math.inf, math.inf, 1.0),
        (math.nan, math.nan, None),
        ([1, (2, {3})], [1, (2, {3})], None),
        ({"a": 1.0, "b": [True]}, {"b": [True], "a": 1.0}, None),
        (None, None, None),
    ],
)
def test_the_same(actual, expected, tolerance):
    assert is_same(actual, expected, tolerance)


@pytest.mark.parametrize(
    ("actual", "expected", "tolerance"),
    [
        (True, 1, None),
        (1, True, None),
        (True, 1.0, 1.0),
        (1, 1.0, None),
        (1.0, 1, 1.0),
        (math.nan, 1.0, 1e9),
        (math.inf, 1.0, 1e9),
        (1.0, math.inf, 1e9),
        (-math.inf, math.inf, None),
        (Anything(0), 1.0, 1.0),
        (Anything(0), 0, None),
        (10**400, 1.0, 1.0),
        ([1], (1,), None),
        ([1], [1, 1], None),
        ({1: "a"}, {True: "a"}, None),
        ({"a": 1}, {"a": 1, "b": 1}, None),
        ({1}, {True}, None),
        ({1}, frozenset({1}), None),
        ("1", 1, None),
        (b"a", "a", None),
    ],
)
def test_not_the_same(actual, expected, tolerance):
    assert not is_same(actual, expected, tolerance)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "", "{", "1 2", "[" * 200_000])
def test_what_is_no_json(text):
    with pytest.raises(ValueError, match=r"."):
        read_json(text)


def test_json():
    assert read_json(' {"a": [1, 2.5, null, true]} ') == {"a": [1, 2.5, None, True]}
