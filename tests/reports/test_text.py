from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.model.outcome import Evidence, EvidenceKind
from infra_grader.reports._text import (
    block,
    cut,
    number,
    place,
    plain,
    prose,
    statement,
    visible,
    visible_block,
)

ANYTHING = st.text(st.characters(codec=None), max_size=200)
DIRECTION = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("caf\udce9", r"caf\xe9"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\u200b\ufeff", r"\u200b\ufeff"),
        ("naïve 👩‍💻 日本", "naïve 👩‍💻 日本"),
    ],
)
def test_what_acts_becomes_an_escape(hostile, shown):
    assert visible(hostile) == shown


@given(ANYTHING)
def test_no_text_can_act(text):
    shown = visible(text)

    shown.encode()  # no lone surrogate
    assert not any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in shown)
    assert not any(unicodedata.bidirectional(sign) in DIRECTION for sign in shown)
    assert visible(shown) == shown
    assert visible_block(visible_block(text)) == visible_block(text)


@given(ANYTHING, st.integers(40, 120))
def test_a_cut_text_fits_and_is_cut_only_once(text, limit):
    once = cut(text, limit)

    assert len(once) <= limit
    assert cut(once, limit) == once


def test_a_cut_text_says_how_much_is_left_out():
    shown = cut("x" * 1000, 100)
    kept = shown.count("x")

    assert shown.endswith(f" [{1000 - kept} more characters]")


def test_lines_stay_lines_in_a_block():
    assert block("\na\r\nb\x1b\n\n") == "a\nb\\x1b"


def test_prose_is_one_line():
    assert prose("Run `x`\n  and fix\tit.\n") == "Run `x` and fix it."


def test_plain_text_has_no_pictures():
    assert plain("🎉 Done! ✅ café → x") == "Done! café → x"


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.00", "0"), ("12.50", "12.5"), ("100", "100"), ("1E+2", "100"), ("0.01", "0.01"), ("70.00", "70")],
)
def test_numbers_are_written_as_people_do(value, text):
    assert number(Decimal(value)) == text


def test_places():
    assert place(Evidence(path="a.md", line=3, end_line=3)) == "a.md:3"
    assert place(Evidence(path="a.md", line=3, end_line=9)) == "a.md:3-9"
    assert place(Evidence(path="a\n.md")) == r"a\n.md"
    assert place(Evidence(text="x")) == ""


def test_a_statement_says_found_expected_and_remark():
    evidence = Evidence(kind=EvidenceKind.NUMBER, actual=7, expected=10.50, unit="areas", text="two are empty")

    assert statement(evidence) == "found 7 areas, expected 10.5 areas; two are empty"
    assert statement(Evidence(actual="")) == "found nothing"
