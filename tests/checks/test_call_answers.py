"""Answers of call.function that are right, though not written as the reference writes them, and some that are not."""

from __future__ import annotations

import pytest
import sandboxes

from infra_grader.model.outcome import Status
from infra_grader.testing import run_check

REFERENCE = """
def count(numbers):
    return {number: numbers.count(number) for number in numbers}

def bounds(numbers):
    return (min(numbers), max(numbers)) if numbers else (0, 0)

def mean(numbers):
    return sum(numbers) / (len(numbers) or 1)

def first(numbers):
    if not numbers:
        raise ValueError("no numbers")
    return numbers[0]
"""
RIGHT = """
from collections import Counter as count
from typing import NamedTuple
import numpy

class Bounds(NamedTuple):
    low: int
    high: int

class Empty(ValueError):
    def __str__(self):
        return self.not_there

def bounds(numbers):
    return Bounds(min(numbers), max(numbers)) if numbers else Bounds(0, 0)

def mean(numbers):
    return numpy.float64(sum(numbers) / (len(numbers) or 1))

def first(numbers):
    if not numbers:
        raise Empty
    return numbers[0]
"""
WRONG = """
class Itself(dict):
    pass

class Everything(tuple):
    def __eq__(self, other):
        return True

def count(numbers):
    found = Itself()
    found[0] = found
    return found

def bounds(numbers):
    return Everything()

def mean(numbers):
    return len(numbers) > 1
"""
NUMPY = """
class generic:
    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value

class float64(generic):
    pass
"""


def ask(tmp_path, function, text):
    sandboxes.require_bubblewrap()
    files = {"rubric/reference.py": REFERENCE, "work/stats.py": text, "work/numpy.py": NUMPY}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    parameters = {"path": "stats.py", "function": function, "reference": "reference.py", "questions": 12}
    parameters |= {"arguments": [{"list_of": {"integer": [-9, 9]}, "length": [0, 5]}], "tolerance": 1e-9}
    folder, rubric = tmp_path / "work", tmp_path / "rubric"
    return run_check("call.function", parameters, folder, rubric_folder=rubric, sandbox="bubblewrap")


@pytest.mark.parametrize("function", ["count", "bounds", "mean", "first"])
def test_right_values_of_subclasses_and_of_numpy_are_right(tmp_path, function):
    outcome = ask(tmp_path, function, RIGHT)
    assert outcome.status == Status.PASSED, outcome


@pytest.mark.parametrize("function", ["count", "bounds", "mean"])
def test_what_a_subclass_says_of_itself_is_not_believed(tmp_path, function):
    outcome = ask(tmp_path, function, WRONG)
    assert outcome.status == Status.FAILED, outcome
    assert outcome.measure.value == 0
