"""Which conditions of Logstash can hold for no event."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reading.logstash import read_pipeline
from infra_grader.reading.logstash_condition import never_holds

NEVER = [
    '"a" == "b"',
    "1 == 2",
    "2 < 1",
    "1 != 1",
    '[x] in ["a", "b"] and !([x] in ["a", "b"])',
    "[m] =~ /a/ and !([m] =~ /a/)",
    '"never" == "x" and [type]',
    '[type] == "a" and [type] == "b"',
    "[type] == 'a' and [type] != 'a'",
    '([type] == "a" and [x]) and ([y] and [type] == "b")',
    "[level] and ![level]",
    "![level] and [x] and [level]",
    "[a][b] > 5 and [a][b] < 3",
    "[a] >= 5 and [a] < 5",
    "[a] == 3 and [a] > 4",
    '(1 == 2) or ([x] == "a" and [x] == "b")',
    "not (1 == 1)",
    "!(1 == 1 or [x])",
    'not ( [ x ] == "a" and 1 == 1 ) and [ x ] == "a" and 1 == 2',
]
MAY = [
    '[type] == "never"',
    '[type] == "a" or [type] == "b"',
    '"a" == "b" or [x]',
    '[type] == "a" and [kind] == "b"',
    '[type] == "a" and [type] == "a"',
    '[status] == "200" and [status] == 200',
    '[x] in ["a", "b"] and !([x] in ["c"])',
    "[m] =~ /a/ and !([m] =~ /b/)",
    '"a" in [tags] and !("b" in [tags])',
    '[x] == "a" and [x] == "b',
    '[x] == "a" and [x] = "b"',
    "",
    "[a] >= 5 and [a] <= 5",
    "[a] > 3 and [a] < 5",
    "[a][b] > 5 and [a][c] < 3",
    '[level] in ["ERROR", "CRITICAL"] or [context][status_code] >= 500',
    '"a" in [tags] and "b" in [tags] and "c" not in [tags]',
    "[message] =~ /^\\s*\\{/",
    "[message] =~ /a/ and [message] !~ /a/",
    "1 == 1",
    "not (1 == 2)",
    "[x] xor [y]",
    '[x] == "a" xor 1 == 2',
    "[level] and [level] > 4",
    "[a",
    "and and",
]


@pytest.mark.parametrize("condition", NEVER)
def test_what_excludes_itself_never_holds(condition):
    assert never_holds(condition)


@pytest.mark.parametrize("condition", MAY)
def test_what_hangs_on_events_may_hold(condition):
    assert not never_holds(condition)


def test_the_else_of_what_always_holds_is_never_taken():
    text = 'filter { if "a" == "a" { json { source => "m" } } else { grok { match => { "m" => "%{WORD:w}" } } } }'
    assert [[never_holds(one) for one in plugin.conditions] for plugin in read_pipeline(text)] == [[False], [True]]


@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9))
def test_a_range_never_holds_only_where_no_number_is_in_it(low, high, value):
    if low < value < high:
        assert not never_holds(f"[a] > {low} and [a] < {high}")
    assert never_holds(f"[a] > {low} and [a] < {high}") == (low >= high)


@given(st.text("[]()!=<>~'\"/ab1 and or not in", max_size=60))
def test_any_text_gets_an_answer(condition):
    assert never_holds(condition) in (True, False)
