"""Spans of time in digits and words, in many languages."""

from __future__ import annotations

import time

import pytest

from infra_grader.reading.timespan import find_spans, units_in

SIX = [
    "6 months", "Month 6", "six months", "6-Month", "half a year", "half-year", "Months 1-6",
    "within 0 to 6 months", "6 mo", "26 weeks", "sechs Monate", "Monat 6", "ein halbes Jahr", "Halbjahr",
    "6 mois", "six mois", "seis meses", "medio año", "sei mesi", "mezzo anno", "6 meses", "seis meses",
    "meio ano", "zes maanden", "half jaar", "6 miesięcy", "pół roku", "полгода", "шесть месяцев",
    "altı ay", "yarım yıl", "6个月", "六个月", "半年", "6ヶ月", "6か月", "6개월", "반년", "छह महीने", "6 महीने",
    "sex månader", "halvår",
]  # fmt: skip
YEAR = [
    "1 year", "year 1", "one year", "12 months", "Month 12", "first year", "1-year", "1 yr", "52 weeks",
    "ein Jahr", "in einem Jahr", "Jahr 1", "zwölf Monate", "un an", "1 an", "un año", "1 año", "un anno",
    "um ano", "één jaar", "1 rok", "jeden rok", "через год", "один год", "bir yıl", "1年", "一年", "1年後",
    "1년", "일 년", "एक साल", "1 वर्ष", "ett år", "next year",
]  # fmt: skip
THREE = [
    "3 years", "year 3", "three years", "36 months", "third year", "years 2-3", "3 yrs", "drei Jahre",
    "3 Jahren", "trois ans", "3 ans", "tres años", "tre anni", "três anos", "drie jaar", "trzy lata",
    "3 lata", "три года", "3 года", "üç yıl", "三年", "3年", "3년", "삼 년", "तीन साल", "3 वर्ष", "tre år",
]  # fmt: skip


@pytest.mark.parametrize(("text", "months"), [(t, 6) for t in SIX] + [(t, 12) for t in YEAR] + [(t, 36) for t in THREE])
def test_horizon(text, months):
    assert [round(span.months) for span in find_spans(text)] == [months]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Week 1", 1, 1), ("Weeks 1-4", 1, 4), ("weeks 1 to 4", 1, 4), ("W1", 1, 1), ("W1-W4", 1, 4),
        ("KW 5", 5, 5), ("Wk. 7", 7, 7), ("1. Woche", 1, 1), ("Semaine 3", 3, 3), ("Semanas 1 a 4", 1, 4),
        ("Неделя 2", 2, 2), ("1-я неделя", 1, 1), ("2nd week", 2, 2), ("week one", 1, 1),
        ("first week", 1, 1), ("第3周", 3, 3), ("3週目", 3, 3), ("3주차", 3, 3), ("सप्ताह 4", 4, 4),
        ("Vecka 9", 9, 9), ("Quinta semana", 5, 5), ("vierte Woche", 4, 4),
    ],
)  # fmt: skip
def test_numbered_week(text, first, last):
    [span] = find_spans(text)
    assert (span.unit, span.first, span.last, span.numbered) == ("week", first, last, True)


@pytest.mark.parametrize(
    "text", ["by June 2028", "2025", "March 14", "Python 3.11", "10 hours", "a week", "and 6", "may 6", "24/7"]
)
def test_no_span(text):
    assert find_spans(text) == ()


def test_several_spans_in_a_sentence():
    spans = find_spans("In 6 Monaten, 1 Jahr und 3 Jahren")
    assert [span.months for span in spans] == [6, 12, 36]
    assert (
        "".join("in 6 monaten, 1 jahr und 3 jahren"[span.start : span.end] for span in spans)
        == "6 monaten1 jahr3 jahren"
    )


def test_units_without_numbers():
    assert units_in("every week, per Monat") == {"week", "month"}


@pytest.mark.parametrize("piece", ["1 ", "month ", "1-", "week 1-", "第", "月", "one ", ". ", "6 months "])
def test_hostile_text_ends_soon(piece):
    started = time.process_time()
    find_spans(piece * (100_000 // len(piece)))
    assert time.process_time() - started < 10


@pytest.mark.parametrize("text", ["aylık 60.000 TL", "monthly 3,500 USD", "yearly 45.000 EUR"])
def test_thousands_number_no_unit(text):
    assert find_spans(text) == ()


@pytest.mark.parametrize("text", ["in a year", "A year from now", "a year later"])
def test_article_is_one(text):
    assert [span.months for span in find_spans(text)] == [12]


@pytest.mark.parametrize("text", ["40k a year", "once a month"])
def test_article_may_mean_every(text):
    assert find_spans(text) == ()
