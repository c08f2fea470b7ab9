"""Rows that can be put together again as they were."""

import csv
import io

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from infra_grader.reading.separated_values import SeparatedValuesError, cell_like, raw_rows, value_of

CELLS = st.text(st.sampled_from("ab1é ,;\"\t\n\r'="), max_size=6)
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=5)
DELIMITERS = st.sampled_from(",;\t")


@given(TABLES, DELIMITERS, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_a_writer_writes_is_read_as_a_reader_reads_it(table, delimiter, end, quoting):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(table)
    rows = list(raw_rows(out.getvalue(), delimiter))
    reader = csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter, strict=True)
    assert [row.values for row in rows] == [values or [""] for values in reader]


@given(st.text(st.sampled_from('ab,;"\n\r '), max_size=30), DELIMITERS)
def test_rows_joined_are_the_text_again(text, delimiter):
    try:
        rows = list(raw_rows(text, delimiter))
    except SeparatedValuesError:
        assume(False)
    assert "".join(delimiter.join(row.cells) + row.end for row in rows) == text
    starts = [text[:place].replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1 for place in places(rows)]
    assert [row.line for row in rows] == starts


def places(rows):
    place = 0
    for row in rows:
        yield place
        place += len(",".join(row.cells) + row.end)


@pytest.mark.parametrize(
    ("text", "said", "line", "column"),
    [
        ('a,b\n1,"2\n3', "not closed", 2, 2),
        ('a,b\n\n"x\ny","1"2,\n', "after a closed quote", 4, 2),
        ('"', "not closed", 1, 1),
        ('"a""', "not closed", 1, 1),
    ],
)
def test_a_broken_cell_is_told_with_its_place(text, said, line, column):
    with pytest.raises(SeparatedValuesError, match=said) as caught:
        list(raw_rows(text, ","))
    assert (caught.value.problem.line, caught.value.problem.column) == (line, column)


def test_a_quote_that_is_never_closed_takes_no_time():
    text = "a,b\n" + '"' + 'x""' * 500_000  # tried again from every quote, it would take hours
    with pytest.raises(SeparatedValuesError, match="not closed"):
        list(raw_rows(text, ","))


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [("1", "2", "2"), ('"1"', "2", '"2"'), ("", "2,5", '"2,5"'), ("", "2.5", "2.5"), ("x", 'a"b', '"a""b"')],
)
def test_a_cell_keeps_its_quotes_and_gets_those_it_needs(old, value, new):
    assert cell_like(old, value, ",") == new
    assert value_of(new) == value
