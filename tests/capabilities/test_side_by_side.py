"""Calls that are made at the same time."""

from __future__ import annotations

import threading

import pytest

from infra_grader.capabilities.side_by_side import side_by_side


def test_calls_run_at_the_same_time_and_answer_in_their_order():
    all_there = threading.Barrier(3)

    def call(number):
        all_there.wait(10)  # breaks where one waits for another's end
        return number

    assert side_by_side(lambda number=number: call(number) for number in (1, 2, 3)) == [1, 2, 3]


def test_the_first_fault_in_their_order_is_raised_when_all_have_ended():
    ended = []
    is_late = threading.Event()

    def late():
        is_late.wait(10)
        ended.append("late")
        raise ValueError("first")

    def soon():
        is_late.set()
        raise ValueError("second")

    with pytest.raises(ValueError, match="first"):
        side_by_side([late, soon])
    assert ended == ["late"]


def test_one_call_and_none():
    assert side_by_side([lambda: 1]) == [1]
    assert side_by_side([]) == []
