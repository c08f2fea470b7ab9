"""The channel of call.function: what is carried over it, and what is drawn to be asked."""

from __future__ import annotations

import enum
import json
from collections import OrderedDict
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_grader.capabilities.plain_coding import MAX_DEPTH, NotPlain, decode, encode
from infra_grader.checks.call._questions import Drawn, describe, draw_questions
from infra_grader.reading.plain_value import is_same

KEYS = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
PLAIN = st.recursive(
    KEYS | st.binary() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.sets(KEYS, max_size=4)
        | st.frozensets(KEYS, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(PLAIN)
def test_plain_values_come_back_as_they_went(value):
    carried = json.loads(json.dumps(encode(value)))
    assert is_same(decode(carried), value)


class Whole(int):
    pass


class Colour(enum.IntEnum):
    RED = 1


class Point(NamedTuple):
    x: int


@pytest.mark.parametrize(
    "value",
    [Whole(1), Colour.RED, OrderedDict(a=1), Point(1), object(), iter([]), 1j, range(3), int],
)
def test_other_values_are_not_plain(value):
    with pytest.raises(NotPlain):
        encode([value])


def test_depth_and_size_are_limited():
    deep = []
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    for value in (deep, [0] * 200_000, 10**5000):
        with pytest.raises(NotPlain):
            encode(value)


@pytest.mark.parametrize(
    "coded",
    [
        [1],
        1.5,
        {},
        {"float": 1.5},
        {"float": "one"},
        {"float": ["1"]},
        {"list": "ab"},
        {"list": [1], "set": [1]},
        {"set": [{"list": []}]},
        {"dict": [[{"dict": []}, 1]]},
        {"dict": [1]},
        {"dict": [[1, 2, 3]]},
        {"bytes": "zz"},
        {"text": "ff"},
        {"object": []},
    ],
)
def test_what_encode_does_not_make_is_refused(coded):
    with pytest.raises(ValueError, match=r"."):
        decode(coded)


def test_depth_that_a_reply_may_have_is_limited():
    coded = {"list": []}
    for _ in range(5000):
        coded = {"list": [coded]}
    with pytest.raises(ValueError, match="no plain value"):
        decode(coded)


def drawn(**argument):
    return msgspec.convert(argument, Drawn)


def test_the_same_seed_draws_the_same_and_another_one_does_not():
    arguments = [drawn(list_of={"number": [0, 1]}, length=[1, 5]), drawn(text=[0, 9], letters="ab")]
    assert draw_questions(arguments, 30, "1 f") == draw_questions(arguments, 30, "1 f")
    assert draw_questions(arguments, 30, "1 f") != draw_questions(arguments, 30, "2 f")


def test_what_is_drawn_is_within_its_bounds_and_reaches_them():
    numbers = [value for (value,) in draw_questions([drawn(integer=[-3, 3])], 50, "x")]
    assert sorted(numbers) == list(range(-3, 4)), "each once, as there are no more"
    lists = draw_questions([drawn(list_of={"integer": [0, 9]}, length=[0, 3])], 60, "x")
    assert {len(value) for (value,) in lists} == {0, 1, 2, 3}
    texts = draw_questions([drawn(text=[2, 4], letters="ab")], 28, "x")
    assert {len(value) for (value,) in texts} == {2, 3, 4}
    assert all(set(value) <= {"a", "b"} for (value,) in texts)
    assert sorted(value for (value,) in draw_questions([drawn(one_of=["x", "y"])], 9, "x")) == ["x", "y"]


@pytest.mark.parametrize(
    ("argument", "problem"),
    [
        ({}, "exactly one of"),
        ({"integer": [0, 1], "number": [0, 1]}, "exactly one of"),
        ({"integer": [2, 1]}, "wrong way round"),
        ({"one_of": []}, "empty"),
        ({"list_of": {}}, "exactly one of"),
    ],
)
def test_what_cannot_be_drawn_is_refused(argument, problem):
    with pytest.raises(msgspec.ValidationError, match=problem):
        drawn(**argument)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "an empty list"),
        ([1, 2], "a list of 2"),
        ("", "an empty text"),
        ("abc", "a text of 3 characters"),
        (0, "the whole number 0"),
        (-0.5, "a float below 0"),
        (7, "a whole number above 0"),
        (True, "a truth value"),
        (None, "None"),
    ],
)
def test_inputs_are_described_and_not_given_away(value, words):
    assert describe(value) == words
