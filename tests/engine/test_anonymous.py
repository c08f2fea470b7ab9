"""A gradebook that tells nobody who a learner is."""

from __future__ import annotations

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.engine.anonymous import pseudonyms, read_anonymous
from infra_grader.engine.gradebook import read_gradebook
from infra_grader.engine.journal import Journal
from infra_grader.reports import csv_gradebook, html_gradebook, json_gradebook
from tests.support.batches import LEARNERS, write_batch

KEY = "5a" * 32
TELLING = (
    *(learner.id for learner in LEARNERS), "Lovelace", "Ōno", "example.org", "HYPERLINK", "/home/", "c0ffee", "SECRET",
    "7 of 8", "days late", "@home", "2026-11-02", "There is nothing", "group",
)  # fmt: skip


@pytest.fixture
def journal(tmp_path):
    journal = Journal(write_batch(tmp_path / "out"), to_read=True)
    yield journal
    journal.close()


@pytest.mark.parametrize("write", [csv_gradebook.write, json_gradebook.write])
def test_nothing_is_left_that_tells_who_a_learner_is(journal, write):
    stream = io.StringIO(newline="")
    write(read_anonymous(journal, KEY), stream)
    words = stream.getvalue()
    assert [telling for telling in TELLING if telling in words] == []
    assert "learner-006" in words


def test_nor_is_it_on_the_class_page(journal):
    stream = io.StringIO(newline="")
    html_gradebook.write(read_anonymous(journal, KEY), stream, "")
    page = stream.getvalue()
    assert [telling for telling in TELLING if len(telling) > 5 and telling in page] == []
    assert "learner-006" in page


def test_scores_stay_and_come_in_the_order_of_pseudonyms(journal):
    rows = {row.learner.id: row for row in read_gradebook(journal).rows}
    names = pseudonyms(rows, KEY)
    hidden = list(read_anonymous(journal, KEY).rows)
    assert [row.learner.id for row in hidden] == [f"learner-{number:03}" for number in range(1, 7)]
    by_name = {row.learner.id: row for row in hidden}
    for learner, row in rows.items():
        other = by_name[names[learner]]
        assert (other.state, other.score) == (row.state, row.score)
        assert [part.earned for part in other.parts] == [part.earned for part in row.parts]
        assert [check.status for part in other.parts for check in part.checks] == [
            check.status for part in row.parts for check in part.checks
        ]


def test_only_the_key_tells_the_order():
    ids = [f"l{number}" for number in range(50)]
    orders = {tuple(sorted(ids, key=pseudonyms(ids, f"{key:064x}").__getitem__)) for key in range(20)}
    assert len(orders) == 20
    assert tuple(ids) not in orders


@given(st.sets(st.text(min_size=1, max_size=5), max_size=30), st.randoms(use_true_random=False))
def test_pseudonyms_are_the_same_whatever_the_order_of_the_roster(ids, chance: random.Random):
    shuffled = list(ids)
    chance.shuffle(shuffled)
    names = pseudonyms(shuffled, KEY)
    assert names == pseudonyms(sorted(ids), KEY)
    assert len(set(names.values())) == len(ids)


def test_a_large_class_has_pseudonyms_of_one_length():
    assert {len(name) for name in pseudonyms(map(str, range(1500)), KEY).values()} == {len("learner-0001")}
