"""Amounts of money as people write them: $85,000, 60.000 €, 85k, 12 LPA, 30万円."""

from __future__ import annotations

import re
from functools import cache

FIGURES = frozenset("0123456789")

SIGNS = tuple("$€£¥₹₩₽₺₴₫₱฿₦₪₸")
CODES = frozenset(
    [
        "usd", "eur", "gbp", "inr", "chf", "sek", "nok", "dkk", "pln", "czk", "huf", "ron", "bgn", "brl", "cad",
        "aud", "nzd",
        "sgd", "hkd", "jpy", "cny", "rmb", "krw", "twd", "try", "rub", "uah", "zar", "ngn", "kes", "egp", "aed",
        "sar", "ils",
        "mxn", "ars", "clp", "cop", "pen", "idr", "myr", "thb", "vnd", "php", "pkr", "bdt", "lkr", "kr", "rs", "fr",
    ]
)  # fmt: skip
"""Codes and short names that stand before or after a number."""

NAMES = (
    "euro", "dollar", "rupee", "pound", "zł", "złot", "lei", "ft", "kč", "руб", "грн", "tl", "yuan", "yen", "won",
    "reais",
    "peso", "franc", "franken", "krona", "kronor", "kroner", "元", "円", "圆", "원", "रुपये",
)  # fmt: skip
"""Starts of names that stand after a number."""

THOUSANDS = ("k", "mil", "tys", "тыс", "mio", "m", "万", "만", "千", "lakh", "lac", "lpa", "l.p.a", "crore", "cr", "l")
"""Starts of words for a multiple, between number and currency."""
INDIAN = ("lakh", "lac", "lpa", "l.p.a")
"""Multiples that only money is counted in."""
NEAR = 12
"""Characters beside a number in which its currency stands."""


def find_amounts(text: str) -> list[str]:
    """Return the amounts of money in a text: the numbers with a currency before or after them, and `85k`."""
    if FIGURES.isdisjoint(text):
        return []
    matches = list(_figure().finditer(text))
    ends = [match.start() for match in matches[1:]] + [len(text)]
    found: list[str] = []
    for match, limit in zip(matches, ends, strict=True):
        figure = match[0].rstrip(" .,'’\u00a0\u202f")
        end = match.start() + len(figure)
        before = text[max(0, match.start() - NEAR) : match.start()].lower().rstrip()
        after = text[end : min(limit, end + NEAR)].lower().lstrip(" \u00a0\u202f")
        if _is_before(before):
            found.append(f"{before[-1:]}{figure}" if before.endswith(SIGNS) else figure)
        elif _is_after(after) or _is_thousands(figure, after):
            found.append(f"{figure} {after}".strip())
    return found


def _is_before(text: str) -> bool:
    """Whether a currency ends the text before a number."""
    return text.endswith(SIGNS) or _last_word(text) in CODES


def _is_after(text: str) -> bool:
    """Whether a currency starts the text after a number, with or without a multiple between."""
    if text.startswith(SIGNS + NAMES + INDIAN) or _first_word(text) in CODES:
        return True
    multiple = next((word for word in THOUSANDS if text.startswith(word)), None)
    if multiple is None:
        return False
    rest = text[len(multiple) :].lstrip(" .\u00a0\u202f")
    return rest.startswith(SIGNS + NAMES) or _first_word(rest) in CODES


def _is_thousands(figure: str, after: str) -> bool:
    """Whether a number is one of thousands such as 85k, which people write for a salary."""
    return _first_word(after) == "k" and sum(map(str.isdigit, figure)) >= len("10")


def _first_word(text: str) -> str:
    end = next((index for index, character in enumerate(text) if not character.isalpha()), len(text))
    return text[:end]


def _last_word(text: str) -> str:
    return _first_word(text.rstrip(".")[::-1])[::-1]


@cache
def _figure() -> re.Pattern[str]:
    return re.compile(r"(?<![\d.,_])\d[\d.,'’\u00a0\u202f ]{0,20}")
