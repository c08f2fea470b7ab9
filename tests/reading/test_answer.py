"""Ratings, scales, blanks and amounts as people write them."""

from __future__ import annotations

import time

import pytest

from infra_grader.reading.amount import find_amounts
from infra_grader.reading.answer import Scale, find_ratings, is_blank, read_rating, read_scale


@pytest.mark.parametrize(
    ("text", "value", "top"),
    [
        ("3", 3, None), ("0", 0, None), ("3.5", 3.5, None), ("3,5", 3.5, None), ("11", 11, None), ("-1", -1, None),
        ("3/5", 3, 5), ("3 / 5", 3, 5), ("0/5", 0, 5), ("7/5", 7, 5), ("3 of 4", 3, 4), ("3 out of 5", 3, 5),
        ("3 von 5", 3, 5), ("3 sur 5", 3, 5), ("3 de 5", 3, 5), ("3 из 5", 3, 5), ("10/10", 10, 10),
        ("★★★☆☆", 3, 5), ("★ ★ ☆", 2, 3), ("⭐⭐", 2, None), ("☆☆☆", 0, 3), ("***", 3, None), (":star::star:", 2, None),
        ("4 ★", 4, None), ("3 stars", 3, None), ("2 Sterne", 2, None), ("●●○○", 2, 4), ("🟩🟩⬜", 2, 3),
        ("60%", 60, 100), ("60 %", 60, 100), ("%60", 60, 100), ("60 Prozent", 60, 100),
        ("Level 3", 3, None), ("~3", 3, None), ("3 (basic)", 3, None), ("4 - daily use", 4, None), ("3 → 5", 3, None),
        ("Intermediate (2/4)", 2, 4), ("3 Advanced", 3, None), ("3/5 – used at work", 3, 5), ("2-3", 2, None),
        ("Advanced", None, None), ("none", None, None), ("fortgeschritten", None, None), ("中级", None, None),
    ],
)  # fmt: skip
def test_rating(text, value, top):
    rating = read_rating(text)
    assert rating is not None
    assert (rating.value, rating.top) == (value, top)


@pytest.mark.parametrize(
    "text",
    [
        "", "___", "[ ]", "TBD", "…", "...", "_/5", "___%", "/5", "n/a", "-", "?", "3 years", "3.11", "v2.1", "$85,000",
        "85k", "2019", "12/05/2024", "3/4/2025", "24/7", "used 3 times", "since 2019", "10 hours", "yes, at work",
    ],
)  # fmt: skip
def test_no_rating(text):
    assert read_rating(text) is None


def test_ratings_in_a_sentence():
    found = find_ratings("Python is 4 of 5, Docker ★★☆ and Git 60%.")
    assert [(rating.value, rating.top) for rating in found] == [(4, 5), (2, 3), (60, 100)]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("Scale: 1-5", 1, 5), ("Rated 0–5", 0, 5), ("from 1 (none) to 5, rate each", 1, 5),
        ("Skala von 1 bis 5", 1, 5), ("échelle de 0 à 5", 0, 5), ("escala de 1 a 10", 1, 10),
        ("шкала от 1 до 10", 1, 10),
        ("評価は1〜5です", 1, 5), ("पैमाना 0-5 है", 0, 5), ("1 = none, 2 = some, 5 = expert", 1, 5), ("1-4 stars", 1, 4),
        ("★ basic, ★★ middle, ★★★ good, ★★★★ expert", 0, 4), ("a five-point scale", 0, 5), ("5-star rating", 0, 5),
    ],
)  # fmt: skip
def test_scale(text, low, high):
    assert read_scale(text) == Scale(low, high)


@pytest.mark.parametrize(
    "text", ["Weeks 1-4: reach level 3", "Python 3.11", "months 1 to 6", "priority 1-3", "no numbers", "rated 3", "1-4"]
)
def test_no_scale(text):
    assert read_scale(text) is None


@pytest.mark.parametrize(
    ("head", "scale"),
    [("Rating (1-5)", Scale(1, 5)), ("Level /5", Scale(0, 5)), ("%", Scale(0, 100)), ("Rating", None)],
)
def test_scale_of_a_column(head, scale):
    assert read_scale(head, is_header=True) == scale


@pytest.mark.parametrize("text", ["", " ", "__", "____", "…", "---", "[]", "[ ]", "TBD", "tbd.", "n/a", "☐", "$___"])
def test_blank(text):
    assert is_blank(text)


@pytest.mark.parametrize("text", ["0", "x", "✓", "★", "☆☆☆", "👍", "no", "***"])
def test_not_blank(text):
    assert not is_blank(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$85,000 - $110,000", 2), ("60.000 €", 1), ("EUR 55,000", 1), ("85k", 1), ("45–60k €", 1), ("12 LPA", 1),
        ("8-12 lakh", 1), ("₹12,00,000", 1), ("5 000 zł", 1), ("1200万円", 1), ("年収450万円", 1), ("CHF 100'000", 1),
        ("4500 euros", 1), ("150 000 ₽", 1), ("USD 90k per year", 1), ("연봉 5000만원", 1),
        ("Python 3.11", 0), ("in 2024", 0), ("10 of 12", 0), ("", 0), ("k8s", 0),
    ],
)  # fmt: skip
def test_amounts(text, number):
    assert len(find_amounts(text)) == number


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "1.", "1-", "★", "★ ", "$", "(", "1 (", "1 = ", "a 1 ", ", 1", "~", "1 of ", "'1"]
)
def test_hostile_lines_end_soon(piece):
    text = piece * (100_000 // len(piece))
    started = time.process_time()
    is_blank(text)
    read_rating(text)
    find_ratings(text)
    read_scale(f"scale {text}", is_header=True)
    find_amounts(text)
    assert time.process_time() - started < 10
