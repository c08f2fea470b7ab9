from __future__ import annotations

import ast

from infra_grader.reading.python_lines import missing_ranges, statement_spans

CODE = '''\
"""A module."""
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import os
@mark(
    1,
)
def work(
    value,
):
    """Works."""
    global COUNT
    found: int
    COUNT = [
        value,
    ]
    return COUNT
    lost()
for item in work(1): print(item)
while True:
    break
else:
    never = 1
'''


def spans():
    return [(span.first, span.last) for span in statement_spans(ast.parse(CODE))]


def test_statements_are_counted_by_the_lines_they_begin_on():
    assert spans() == [(2, 2), (5, 10), (14, 16), (17, 17), (19, 19), (21, 21)]


def test_a_statement_ran_if_any_of_its_lines_did():
    assert missing_ranges(statement_spans(ast.parse(CODE)), frozenset({2, 6, 15})) == "17-21"


def test_neighbours_are_put_together():
    assert missing_ranges(statement_spans(ast.parse("a = 1\nb = 2\nc = 3\nd = 4\n")), frozenset({2})) == "1, 3-4"
    assert missing_ranges(statement_spans(ast.parse("a = 1\n")), frozenset({1})) == ""
