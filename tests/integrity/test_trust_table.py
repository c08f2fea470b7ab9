"""The table of docs/trust.md: all that it names is there, and nothing is left out."""

from __future__ import annotations

import importlib.util
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
_spec = importlib.util.spec_from_file_location("write_trust", TESTS.parent / "docs" / "write_trust.py")
write_trust = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(write_trust)
ROWS = [row for tried in write_trust.rows().values() for row in tried]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["tried"])
def test_all_that_a_row_names_is_there(row):
    assert row.keys() <= {"tried", "holds", "tricks", "cases", "tests"}
    assert row.keys() & {"tricks", "cases", "tests"}
    for pattern in row.get("tricks", []):
        assert write_trust.matching([pattern], write_trust.tricks()), pattern
    for pattern in row.get("cases", []):
        assert write_trust.matching([pattern], write_trust.cases()), pattern
    for name in row.get("tests", []):
        file, _, function = name.partition("::")
        found = re.findall(r"^def (test_\w+)", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE)
        assert any(fnmatch(test, function) for test in found), name


def test_every_trick_has_a_row():
    patterns = [pattern for row in ROWS for pattern in row.get("tricks", [])]
    assert set(write_trust.tricks()) == set(write_trust.matching(patterns, write_trust.tricks()))


def test_the_page_has_the_table():
    before, after = write_trust.parts(page := write_trust.PAGE.read_text(encoding="utf-8"))
    assert page == before + write_trust.table() + after, "run docs/write_trust.py"
