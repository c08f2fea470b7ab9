"""What people write as an answer: ratings and the scale they are on, and blanks that are none.

Every expression here takes time in proportion to the text.
"""

import re
from functools import cache
from typing import Literal, NamedTuple

from infra_grader.reading.amount import FIGURES
from infra_grader.reading.topics import fold

FULL = "★⭐🌟✭✮●■◆▰█▓🟩🟢🟦🟨🟧🔵🟡⚫⬛✦"
"""Signs that count as one, in ratings drawn as a bar or a row of stars."""
EMPTY = "☆✩✰○□◇▱░▒⬜⚪🔘✧"
"""Signs that show what is missing to the top of the scale."""

SCALE_SIGNS = FIGURES | frozenset(FULL + "%")

OUT_OF = frozenset(
    [
        "/",
        "out of",
        "of",
        "von",
        "auf",
        "sur",
        "su",
        "de",
        "di",
        "em",
        "uit",
        "op",
        "av",
        "af",
        "z",
        "na",
        "из",
        "üzerinden",
        "में से",
    ]
)
"""What stands between a rating and the top of its scale."""
PERCENT = ("percent", "prozent", "pour cent", "por ciento", "por cento", "per cento", "procent", "процент", "yüzde")
STARS = frozenset("★⭐🌟☆✩")
STAR_WORDS = (
    "star", "stern", "étoile", "estrella", "stelle", "stella", "estrela", "sterren", "gwiazd", "звезд", "звёзд",
    "yıldız",
    "stjärn", "颗星", "星", "つ星", "별",
)  # fmt: skip
ON_CALL = (24.0, 7)
"""Round the clock, not 24 of 7."""

FIRST_SIGN = "\u2100"
"""Where letter-like signs, arrows, stars, ticks and pictures start; dashes and dots lie before."""

TOPS = frozenset({3, 4, 5, 6, 7, 8, 9, 10, 20, 100})
"""Numbers that a scale may end with; others after a slash are dates and versions."""
FEWEST_STEPS = 3
"""Steps from which a legend explains a scale without saying so."""
UNSTATED_TOP = 10.0
"""Top of the scale of a document that states none."""

LEVEL_WORDS = (
    "good fair poor excellent low medium high none basic basics basico basica basique beginner novice elementary "
    "foundational fundamental awareness aware "
    "familiar intermediate competent proficient advanced expert master strong solid weak anfanger grundlagen "
    "grundkenntnisse einsteiger mittel fortgeschritten fortgeschrittene experte expertin keine gut debutant "
    "intermediaire avance avancee confirme expertise notions aucun principiante intermedio intermedia avanzado "
    "avanzada experto experta ninguno base intermedio avanzato esperto nessuno iniciante intermediario avancado "
    "especialista nenhum beginnend gemiddeld gevorderd podstawowy sredni sredniozaawansowany zaawansowany ekspert "
    "начальный базовый средний продвинутый эксперт temel baslangic orta ileri uzman grund medel avancerad nyborjare "
    "初级 中级 高级 专家 入门 初級 中級 上級 초급 중급 고급"
)
LEVELS = frozenset(LEVEL_WORDS.split())
"""Words that rate by themselves, folded."""

PREFIX_WORDS = (
    "level lvl lv l stufe niveau nivel livello poziom уровень уровня seviye niva taso rating score note nota grade "
    "punkte points about approx ca circa etwa currently current now self is a an at as of around roughly 等级 "
    "レベル 레벨 "
    "स्तर оценка puan wert actual aktuell"
)
PREFIXES = frozenset(PREFIX_WORDS.split())
"""Words that may stand before the number of a rating."""

LOOSE = str.maketrans(dict.fromkeys(".:(%~≈", " "))
"""Signs between the words before a number, as spaces."""

BLANK_WORDS = frozenset({"tbd", "todo", "tba", "tbc", "xxx", "n/a", "na", "fixme", "-", "--", "?", "x/5"})


class Rating(NamedTuple):
    """How someone rates something."""

    value: float | None
    """`None` for a word such as "advanced"."""
    top: float | None
    """The end of the scale, where the rating itself says it: 3/5, ★★★☆☆, 60%."""
    form: Literal["number", "ratio", "percent", "stars", "word"]
    start: int
    end: int


class Scale(NamedTuple):
    """The scale that a document states for its ratings."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies on the scale."""
        return self.low <= value <= self.high


def is_blank(text: str) -> bool:
    """Whether an answer is none: empty, underscores, dots, an empty box, TBD."""
    if text.lstrip(" _.…-–").startswith("/"):  # "_/5"
        return True
    bare = text.strip(" \t\n*_`~.…·-–—/[]()%$€£#:\u00a0")
    if not bare:
        return "*" not in text or not _asterisks().fullmatch(text.strip())
    return bare.lower() in BLANK_WORDS or not any(map(_is_said, bare))


def _is_said(character: str) -> bool:
    """Whether a character answers something: a letter, a digit, a star, a tick or another sign, but no empty box."""
    return character.isalnum() or (character >= FIRST_SIGN and character not in "☐□▢")


def read_rating(text: str) -> Rating | None:
    """Return the rating that an answer is, or starts with; a remark may follow it. `None` if it is no rating."""
    text = text.strip().replace(":star:", "⭐")
    if is_blank(text):
        return None
    if text[0] == "*" and _asterisks().fullmatch(text):
        return Rating(text.count("*"), None, "stars", 0, len(text))
    for found in find_ratings(text):
        if _may_precede(text[: found.start]):
            return found
        break
    return _bare_rating(text) or _level(text)


def find_ratings(text: str) -> list[Rating]:
    """Return the ratings in a text that show by their form what they are: 3/5, 3 of 5, 60%, stars."""
    found = [] if FIGURES.isdisjoint(text) else [_explicit_rating(text, match) for match in _figure().finditer(text)]
    if not text.isascii():
        taken = [(rating.start, rating.end) for rating in found if rating]
        for match in _star_runs().finditer(text):
            if not any(start <= match.start() < end for start, end in taken):
                full = sum(character in FULL for character in match[0])
                size = sum(character in FULL or character in EMPTY for character in match[0])
                top = float(size) if full < size else None
                found.append(Rating(float(full), top, "stars", match.start(), match.end()))
    return sorted((rating for rating in found if rating is not None), key=lambda rating: rating.start)


def read_scale(text: str, *, is_header: bool = False) -> Scale | None:
    """Return the scale that a text states: "rated 1-5", "1 = none, 5 = expert", "★ basic … ★★★★ expert".

    In the head of a column the bare range, `/5` or `%` is enough.
    """
    folded = fold(text)
    if SCALE_SIGNS.isdisjoint(text) and not any(number in folded for number in SMALL):
        return None
    is_named = is_header or any(stem in folded for stem in SCALE_STEMS)
    legend = _legend(folded, is_named=is_named)
    if legend is not None:
        return legend
    if is_named and (scale := _named_scale(folded)) is not None:
        return scale
    if is_header and (scale := _header_scale(folded)) is not None:
        return scale
    return _star_legend(text)


SCALE_STEMS = (
    "scal", "skal", "echel", "escal", "schaal", "olce", "шкал", "量表", "等级", "尺度", "段階", "評価", "评分",
    "척도", "평가",
    "पैमान", "rate", "rating", "niveau", "level", "nivel", "stufe", "star", "stern", "etoil", "estrel", "stelle",
    "sterr",
    "gwiazd", "звезд", "yildiz", "bewert", "einschatz", "valor", "evalu", "valut", "avali", "ocen", "оцен", "puan",
    "degerlend", "betyg", "score", "beoordel", "рейтинг", "note de", "noter", "punt", "★", "⭐", "стун", "stj",
)  # fmt: skip
"""Starts of words that speak of a scale, folded."""

NOT_SCALED = (
    "week", "wk", "month", "day", "phase", "step", "module", "modul", "sprint", "prior", "top", "woche", "monat",
    "kw",
    "semain", "mois", "semana", "mes", "settiman", "quarter", "year", "jahr", "an", "page", "chapter", "project",
    "недел",
    "tydz", "hafta", "part", "lesson", "exercise",
)  # fmt: skip
"""Starts of words whose numbers are no scale."""

SMALL = {
    "three": 3,
    "four": 4,
    "five": 5,
    "ten": 10,
    "drei": 3,
    "vier": 4,
    "funf": 5,
    "zehn": 10,
    "cinco": 5,
    "cinq": 5,
}


def _explicit_rating(text: str, match: re.Match[str]) -> Rating | None:
    """Return the rating that starts with a number, if what follows it makes it one."""
    sign = _sign(text[: match.start()])
    if not sign:
        return None
    value = sign * float(match[1].replace(",", "."))
    follows = (match[2] or match[3] or "").lower()
    if follows == "%" or follows.startswith(PERCENT):
        return Rating(value, 100.0, "percent", match.start(), match.end(2) if match[2] else match.end(3))
    if follows in STARS or follows.startswith(STAR_WORDS):
        return Rating(value, None, "stars", match.start(), match.end())
    first = follows.split(" ")[0]
    for word in (follows, first):
        if word in OUT_OF:
            start = match.end(1) + text[match.end(1) :].lower().index(word) + len(word)
            top = _top().match(text, start)
            if top is not None and int(top[1]) in TOPS and (value, int(top[1])) != ON_CALL:
                return Rating(value, float(top[1]), "ratio", match.start(), top.end())
    return None


def _sign(before: str) -> int:
    """Return the sign of a number after a text: -1 after a minus, 0 after a hyphen, that belongs to something else."""
    if before[-1:] not in {"-", "−"}:
        return 1
    rest = before[:-1].rstrip()
    return -1 if not rest or rest.endswith((":", "：", "=", "|", "(", "–", "—", " -")) else 0


def _may_precede(before: str) -> bool:
    """Whether a rating may follow these words in an answer: a few at most, such as "Advanced (" or "level"."""
    return len(before.split()) <= 3


def _bare_rating(text: str) -> Rating | None:
    """Return a number that stands alone, or with a remark after a sign: `3`, `Level 3`, `4 - daily use`."""
    match = _bare().match(text)
    if match is None:
        return None
    before = fold(match["before"]).translate(LOOSE).split()
    if any(word not in PREFIXES and word not in LEVELS for word in before):
        return None
    after = text[match.end() :].lstrip(" \t")
    if after and after[0] not in "(,;:–—-|→=.\n>)<[" and fold(after.split()[0]).strip(".,;()") not in LEVELS:
        return None
    sign = -1.0 if match["sign"] in {"-", "−"} else 1.0
    value = sign * float(match["n"].replace(",", "."))
    if "%" in match["before"]:  # as written in Turkish
        return Rating(value, 100.0, "percent", match.start("n"), match.end())
    return Rating(value, None, "number", match.start("n"), match.end())


def _level(text: str) -> Rating | None:
    """Return a rating by a word, where the answer starts with one."""
    words = fold(text).split()
    for index, word in enumerate(words[:2]):
        if word.strip(".,;:()[]!") in LEVELS and (index == 1 or len(words) <= 4 or not word[-1].isalnum()):
            return Rating(None, None, "word", 0, len(text))
    return None


def _legend(folded: str, *, is_named: bool) -> Scale | None:
    """Return the scale of `1 = none, ..., 5 = expert`, or of `1: none, 2: ...` if no step is left out."""
    if "=" not in folded and not is_named and folded.count(":") < FEWEST_STEPS:
        return None
    numbers = sorted({int(match[1]) for match in _steps().finditer(folded)})
    if not numbers or numbers[0] not in {0, 1} or numbers[-1] not in TOPS:
        return None
    is_whole = len(numbers) >= FEWEST_STEPS and numbers[-1] - numbers[0] == len(numbers) - 1
    if is_whole or (len(numbers) >= 2 and ("=" in folded or is_named)):
        return Scale(float(numbers[0]), float(numbers[-1]))
    return None


def _named_scale(folded: str) -> Scale | None:
    """Return the scale of a text that speaks of one: `1-5`, `from 1 (none) to 5 (expert)`, `five-point`."""
    for match in _range().finditer(folded) if "0" in folded or "1" in folded else ():
        before = folded[: match.start()].rstrip(" (:#").rsplit(None, 1)
        if int(match[2]) in TOPS and not (before and before[-1].startswith(NOT_SCALED)):
            return Scale(float(match[1]), float(match[2]))
    top = _slash_top().search(folded)
    if top is not None and int(top[1]) in TOPS and not find_ratings(folded):
        return Scale(0.0, float(top[1]))
    points = _points().search(folded)
    if points is not None and (number := int(SMALL.get(points[1], points[1]))) in TOPS:
        return Scale(0.0, float(number))
    return None


def _header_scale(folded: str) -> Scale | None:
    """Return the scale of the head of a column: `Level /5`, `Share in %`."""
    if (top := _slash_top().search(folded)) and int(top[1]) in TOPS:
        return Scale(0.0, float(top[1]))
    return Scale(0.0, 100.0) if "%" in folded else None


def _star_legend(text: str) -> Scale | None:
    """Return the scale of `★ basic, ★★ intermediate, ★★★ advanced`."""
    sizes = {
        sum(character in FULL for character in match[0])
        for match in (() if text.isascii() else _star_runs().finditer(text))
    }
    if len(sizes) >= 3 and 1 in sizes:
        return Scale(0.0, float(max(sizes)))
    return None


# Compiled on first use: each costs up to a millisecond, and few documents need all of them.

NUMBER = r"\d{1,3}(?:[.,]\d{1,2})?"


@cache
def _figure() -> re.Pattern[str]:
    """A number, and up to two words or a sign after it."""
    return re.compile(
        rf"(?<![A-Za-z0-9_.,/$€£])({NUMBER})\s?(?:([/%★⭐🌟☆✩])|([^\W\d_]{{1,12}}(?:\s[^\W\d_]{{2,7}})?))?"
    )


@cache
def _top() -> re.Pattern[str]:
    return re.compile(r"\s?(\d{1,3})(?![\d/\w]|[.,-]\d)")


@cache
def _star_runs() -> re.Pattern[str]:
    return re.compile(f"[{FULL}{EMPTY}](?:[ ]?[{FULL}{EMPTY}])*")


@cache
def _asterisks() -> re.Pattern[str]:
    return re.compile(r"(?:\*\s?){1,10}")


@cache
def _bare() -> re.Pattern[str]:
    return re.compile(
        r"(?P<before>[^\d\n$€£¥₹]{0,40}?)(?<![A-Za-z0-9_.,])(?P<sign>[-−]?)(?P<n>\d{1,3}(?:[.,]\d|[.,][257][05])?)"
        r"(?:\s?[-–]\s?\d{1,2}(?:[.,]\d)?)?\+?(?![\w%]|[.,]\d)"
    )


@cache
def _range() -> re.Pattern[str]:
    return re.compile(
        r"(?<![\d.,/])([01])\s?(?:\([^()\n]{0,40}\)|=\s?[^\s,;()]{1,20})?\s?"
        r"(?:-|–|—|to|through|bis|a|al|ate|tot|do|до|til|till|ile|から|~|〜|至|到|से|\.{2,3}|…|and|und|et|y|e|i|en|и)\s?"
        r"(?:\([^()\n]{0,40}\)\s?)?(\d{1,3})(?!\d|[/.,]\d)"
    )


@cache
def _points() -> re.Pattern[str]:
    return re.compile(
        r"\b(\d{1,3}|three|four|five|ten|drei|vier|funf|zehn|cinco|cinq)"
        r"(?:-(?:point|star|level|step|punkt|sterne)|[ -]?stufig|[ -]?[^\W\d_]{4,12} (?:scale|skala|system|rating))"
    )


@cache
def _steps() -> re.Pattern[str]:
    return re.compile(r"(?<![\w.,])(\d{1,3})\s?(?:=|(?<![a-z]\s\d)(?<![a-z]\s\d\s)[:–-])\s?[^\W\d]")


@cache
def _slash_top() -> re.Pattern[str]:
    return re.compile(r"(?:/|out of|von|sur|max\.?|of)\s?(\d{1,3})(?!\d)")
