"""The gradebook as a table."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.engine.gradebook import read_gradebook
from infra_grader.engine.journal import Journal
from infra_grader.model.roster import Learner
from infra_grader.reports import csv_gradebook
from infra_grader.reports._cells import remark, safe
from infra_grader.reports.gradebook_format import GradebookOptions
from tests.support.batches import gradebook_of, steady, write_batch


@pytest.fixture
def book(tmp_path):
    journal = Journal(write_batch(tmp_path / "out"), to_read=True)
    yield steady(read_gradebook(journal))
    journal.close()


def written(book, **options):
    stream = io.StringIO(newline="")
    assert list(csv_gradebook.write(book, stream, GradebookOptions(**options))) == []
    return stream.getvalue()


def test_it_is_as_it_was(book, same_as_golden):
    same_as_golden(written(book), "gradebook.csv")


def test_every_row_has_the_cells_of_the_header(book):
    header, *rows = csv.reader(io.StringIO(written(book)))
    assert header[:4] == ["id", "name", "email", "group"]
    assert header[-2:] == ["all", "message"]
    assert [row[0] for row in rows] == ["ada", "ben", "cyd", "dee", "eve", "fay"]
    assert {len(row) for row in rows} == {len(header)}
    ada, ben, cyd, *_ = [dict(zip(header, row, strict=True)) for row in rows]
    assert (ada["earned"], ada["penalty"], ada["all"], ada["provisional"]) == ("72.5", "20", "92.5", "no")
    assert (ben["earned"], ben["possible"], ben["provisional"]) == ("70", "100", "yes")
    assert ben["message"] == "Open: review (awaiting a person)."
    assert (cyd["state"], cyd["earned"], cyd["message"]) == ("absent", "", "'=There is nothing.")


def test_what_was_not_fetched_and_what_is_open_stand_together(book):
    rows = {row.learner.id: row for row in book.rows}
    ben, ada = rows["ben"].replace(message="Not fetched: x."), rows["ada"].replace(message="Not fetched: x.")
    assert remark(ben) == "Not fetched: x. Open: review (awaiting a person)."
    assert remark(ada) == "Not fetched: x."


def test_columns_of_the_roster_that_are_called_as_ours_are_told_apart(book):
    learner = Learner(id="ada", columns={"grade": "7", "all": "x", "=1": "y"})
    book = gradebook_of({"ada": Decimal(1)}, [learner]).replace(columns=("grade", "all", "=1"))
    header, row = csv.reader(io.StringIO(written(book)))
    assert header[3:6] == ["roster grade", "all", "'=1"]
    assert row[3:6] == ["7", "x", "y"]
    assert "criterion all" in header
    assert len(set(header)) == len(header)


def test_a_byte_order_mark_comes_first_where_it_is_asked_for(book):
    assert written(book, bom=True) == "\ufeff" + written(book)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("＝1", "'＝1"),
        ("\t=1", "\\t=1"),
        ("\r\n=1", "\\r\\n=1"),
        ("a;=1", "a;'=1"),
        ("-5", "-5"),
        ("+49", "+49"),
        ("12,5", "12,5"),
        ("a=b", "a=b"),
        ("O'Neil", "O'Neil"),
        ("\x00\x1b[31m\u202e", "\\x00\\x1b[31m\\u202e"),
    ],
)
def test_a_cell_is_no_formula_and_steers_nothing(text, shown):
    assert safe(text) == shown


@given(st.text(max_size=40))
def test_no_cell_begins_like_a_formula_wherever_it_is_divided(text):
    shown = safe(text)
    assert "\n" not in shown
    assert "\r" not in shown
    if shown != text or not text.lstrip("+-").replace(",", "").replace(".", "").isdecimal():
        assert not any(part.lstrip()[:1] in set("=+-@＝＋－＠") and part.strip() for part in shown.split(";"))
