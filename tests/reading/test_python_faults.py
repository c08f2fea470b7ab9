from __future__ import annotations

import ast
import random

import pytest

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.python_faults import choose_faults, find_faults, rewritten
from infra_grader.reading.python_source import parse_source

CODE = '''\
"""Prices."""

LIMIT = 5


def price(size, hours=1):
    """Return a price."""
    logging.info("asked for %d", 3 + 4)
    if size > LIMIT and hours:
        raise ValueError(f"too {size + 1}")
    return size * hours


def dead():
    return None
    return 1 + 1
'''


@pytest.fixture
def source():
    return parse_source(TextFile("src/prices.py", CODE))


def test_faults_stand_where_something_is_worked_out_and_not_where_it_is_said(source):
    assert {(fault.line, fault.what) for fault in find_faults(source)} == {
        (9, "a condition is the other way round"),
        (9, "`and` and `or` are swapped"),
        (9, "a comparison is the other way round"),
        (9, "a limit is off by one"),
        (10, "an exception is not raised"),
        (11, "a function gives back something else"),
        (11, "a calculation uses another operator"),
    }


def test_each_fault_changes_the_code_and_nothing_else_of_it(source):
    quiet = random.Random(0)
    quiet.random = lambda: 1.0
    plain = rewritten(source, quiet)
    assert ast.dump(ast.parse(plain)) == ast.dump(ast.parse(CODE))
    texts = [rewritten(source, quiet, fault) for fault in find_faults(source)]
    assert len({*texts, plain}) == len(texts) + 1
    for text in texts:
        changed = [pair for pair in zip(plain.splitlines(), text.splitlines(), strict=True) if pair[0] != pair[1]]
        assert len(changed) == 1


def test_sound_code_is_strewn_with_statements_that_do_nothing(source):
    texts = {rewritten(source, random.Random(seed)) for seed in range(20)}
    assert len(texts) > 2
    for text in texts:
        assert ast.get_docstring(ast.parse(text).body[2]) == "Return a price."


def test_strong_faults_on_many_lines_are_chosen_first(source):
    chosen = choose_faults(find_faults(source), 3, random.Random(1))
    assert {fault.line for fault in chosen} == {9, 10, 11}
    assert not any(fault.is_weak for fault in chosen)


def test_all_are_chosen_where_more_are_asked_for(source):
    assert len(choose_faults(find_faults(source), 50, random.Random(1))) == 7


def test_a_fault_knows_whether_its_line_ran(source):
    fault = next(fault for fault in find_faults(source) if fault.line == 10)
    assert fault.is_run(frozenset({10}))
    assert not fault.is_run(frozenset({9, 11}))


def test_functions_that_were_handed_out_stay_sound():
    given = parse_source(TextFile("src/prices.py", CODE), CODE)
    assert find_faults(given) == []
