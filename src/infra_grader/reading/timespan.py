"""Spans of time as people write them: "6 months", "half a year", "year 3", "Weeks 1-4", in digits or words.

The usual words of twenty languages are known; numbers and units may stand in either order.
"""

import re
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from infra_grader.reading.topics import fold

Unit = Literal["week", "month", "year"]

WEEKS_A_MONTH = 52 / 12
MAX_NUMBER = 400
"""Numbers beyond are years of the calendar, not a count."""
THOUSANDS = len(".000")
"""Length of what makes thousands of a number."""

UNITS: dict[Unit, str] = {
    "week": (
        "week weeks weekly wk wks w kw woche wochen semaine semaines semana semanas settimana settimane weken "
        "tydzien "
        "tygodnie tygodni tygodnia неделя недели недель неделю неделе тиждень тижнi тижнів hafta haftalar vecka "
        "veckor "
        "veckan uge uger uke uker viikko viikkoa tyden tydny tydnu het saptamana saptamani tuan minggu pekan "
        "εβδομαδα "
        "εβδομαδες أسبوع שבוע"
    ),
    "month": (
        "month months monthly mo mos monat monate monaten monats mois mes meses mese mesi maand maanden miesiac "
        "miesiace "
        "miesiecy miesiaca месяц месяца месяцев месяце месяцы місяць місяцi місяців ay aylik ayda aya manad "
        "manader maned "
        "maneder kuukausi kuukautta mesic mesice mesicu honap luna luni thang bulan μηνα μηνες μηνων شهر أشهر שהר "
        "חודש חודשים"
    ),
    "year": (
        "year years yearly yr yrs jahr jahre jahren jahres an ans annee annees ano anos anno anni jaar jaren rok "
        "roku lata "
        "lat год года лет году рік роки років yil yillik yila yilda ar aret vuosi vuotta rocni roky ev eves ani "
        "nam tahun "
        "ετος χρονια ετη سنة سنوات שנה שנים"
    ),
}
"""Whole words for a unit."""

CHINESE: dict[str, Unit] = {
    "个月": "month", "個月": "month", "ヶ月": "month", "ケ月": "month", "か月": "month", "カ月": "month",
    "箇月": "month",
    "월": "month", "개월": "month", "달": "month", "月": "month", "周": "week", "週": "week", "주": "week",
    "星期": "week",
    "年": "year", "년": "year", "महीने": "month", "महीनों": "month", "महीना": "month", "माह": "month", "मास": "month",
    "सप्ताह": "week", "हफ्ते": "week", "हफ़्ते": "week", "हफ्ता": "week", "वर्ष": "year", "वर्षों": "year",
    "साल": "year",
    "सालों": "year",
}  # fmt: skip
"""Words for a unit that other signs may follow without a space."""

NUMBERS: dict[float, str] = {
    0.5: "half halbes halben halbe demi medio media mezzo meio half pol полгода пол yarim halvt halvar polovina",
    1: "one first ein eins eine einem einen eines erste erster erstes ersten un une premier premiere primer "
    "primero primera "
    "uno una primo prima um uma primeiro primeira een eerste jeden jedna jedno pierwszy pierwszym pierwsze один одна "
    "одного первый первая первого bir birinci ett en forsta 一 एक पहला पहले 한 하나 일 첫 mot mt satu ek yek ena "
    "et yksi jedan ένα ένας μία واحدة אחת",
    2: "two second zwei zweite zweiten zweites deux deuxieme dos segundo segunda due secondo seconda dois duas "
    "twee tweede "
    "dwa drugi два две второй вторая iki ikinci tva andra 二 两 दो दूसरा 두 이 kaksi dva doi δύο اثنين שתי дві",
    3: "three third drei dritte dritter drittes dritten trois troisieme tres tercer tercero tercera tre terzo "
    "terza terceiro "
    "terceira drie derde trzy trzeci trzech три третий трех uc ucuncu tredje 三 तीन तीसरा 세 삼 ba tiga kolme "
    "tri trei τρία ثلاث ثلاثة שלוש",
    4: "four fourth vier vierte quatre quatrieme cuatro cuarto quattro quarto quatro vierde cztery четыре "
    "четвертый dort "
    "fyra 四 चार 네 사",
    5: "five fifth funf funfte cinq cinquieme cinco quinto cinque vijf vijfde piec пять пятый bes fem 五 पाच "
    "पांच 다섯 오",
    6: "six sixth sechs sechste sechsten sixieme seis sexto sei sesto zes zesde szesc szesciu szesty шесть шести "
    "шестой alti "
    "sex sjatte 六 छह छः छ 여섯 육 sau enam έξι seks kuusi sest sase έξι ستة ست שישה שש шість",
    12: "twelve zwolf douze doce dodici doze twaalf dwanascie двенадцать oniki tolv 十二 बारह 열두 십이",
    24: "twenty-four vierundzwanzig vingt-quatre veinticuatro ventiquattro 二十四 चौबीस",
    36: "thirty-six sechsunddreissig trente-six treinta_y_seis trentasei trinta_e_seis 三十六 छत्तीस",
}  # fmt: skip

SINGLE = {
    "полгода": 6, "semester": 6, "halbjahr": 6, "semestre": 6, "halfjaar": 6, "halvar": 6, "半年": 6, "반년": 6,
    "छमाही": 6,
}  # fmt: skip
"""Words that are a span by themselves, in months."""

JOINTS = frozenset({
    "-", "–", "—", "/", "to", "bis", "a", "al", "tot", "do", "до", "&", "and", "und", "~", "〜", "至", "到", "에서",
})  # fmt: skip
"""What stands between the ends of a range."""

SKIPPED = frozenset({
    "-", "–", ".", "º", "ª", "°", "#", ":", "th", "st", "nd", "rd", "er", "re", "e", "eme", "я", "и", "of", "full",
    "no", "nr", "第", "a", "o", "que", "next", "nachsten", "kommenden", "volle",
})  # fmt: skip
"""What may stand between a number and its unit."""


ORDINALS = frozenset({".", "º", "ª", "°", "th", "st", "nd", "rd", "er", "re", "e", "eme", "я", "и"})
"""What makes "the sixth" of a six, folded."""

PLACES: dict[float, str] = {
    1: "first erste erster erstes ersten premier premiere primer primera primero primo prima primeiro primeira "
    "eerste "
    "pierwszy pierwszym pierwsze первый первая первого перший birinci forsta første prvni 第 첫 पहला पहले",
    2: "second zweite zweiter zweites zweiten deuxieme segundo segunda secondo seconda tweede drugi второй "
    "вторая второго "
    "другий ikinci andra druhy दूसरा दूसरे",
    3: "third dritte dritter drittes dritten troisieme tercer tercero tercera terzo terza terceiro terceira "
    "derde trzeci "
    "третий третья третьего третій ucuncu tredje treti तीसरा तीसरे",
    4: "fourth vierte vierter viertes vierten quatrieme cuarto cuarta quarto quarta vierde czwarty четвертый "
    "четвертая "
    "dorduncu fjarde चौथा चौथे",
    5: "fifth funfte funfter funftes funften cinquieme quinto quinta vijfde piaty пятый пятая besinci femte पाँचवाँ पाँचवें",
    6: "sixth sechste sechster sechstes sechsten sixieme sexto sexta sesto sesta zesde szosty шестой шестая "
    "altinci sjatte "
    "छठा छठे",
}
"""Number words that mean a place in a row, not a length."""

ALONE = frozenset(
    map(
        fold,
        [
            "через",
            "за",
            "спустя",
            "za",
            "po",
            "بعد",
            "בעוד",
            "next",
            "nächstes",
            "nächsten",
            "próximo",
            "prossimo",
            "volgend",
            "przyszły",
        ],
    )
)
"""What makes a unit without a number one of it: "through a year" in Russian, "next year"."""

COUNTERS = (fold("目"), fold("차"), fold("주차"))
"""The same after a unit, in Japanese and Korean."""


class Span(NamedTuple):
    """A count of units, or the number of one: "6 months", "month 6", "weeks 1-4"."""

    unit: Unit
    first: float
    last: float
    """The same as `first` unless it is a range."""
    numbered: bool
    """Whether it is the number of a unit ("month 6", "6th month") rather than a length ("6 months")."""
    start: int
    end: int
    """Place of the words in the folded text."""

    @property
    def months(self) -> float:
        """The end of the span in months."""
        match self.unit:
            case "year":
                return self.last * 12
            case "week":
                return self.last / WEEKS_A_MONTH
            case _:
                return self.last


class _Token(NamedTuple):
    text: str
    start: int
    end: int


@lru_cache(maxsize=512)
def find_spans(text: str) -> tuple[Span, ...]:
    """Return every span of time in a text, in order; `start` and `end` are places in `fold(text)`."""
    folded = fold(text)
    tokens = [_Token(match[0], match.start(), match.end()) for match in _tokens().finditer(folded)]
    spans: list[Span] = []
    used: set[int] = set()
    for index, token in enumerate(tokens):
        if token.text in _singles():
            months = float(_singles()[token.text])
            spans.append(Span("month", months, months, numbered=False, start=token.start, end=token.end))
        elif (unit := unit_of(token.text)) is not None and (span := _span(tokens, index, unit, used)) is not None:
            spans.append(span)
    return tuple(spans)


def unit_of(word: str) -> Unit | None:
    """Return the unit that a folded word names, or `None`."""
    known = _units().get(word)
    if known is None and ord(word[0]) > 0x08FF:
        return next((unit for start, unit in _chinese() if word.startswith(start)), None)
    return known


def units_in(text: str) -> set[Unit]:
    """Return the units that a text speaks of, with or without numbers."""
    return {unit for match in _tokens().finditer(fold(text)) if (unit := unit_of(match[0]))}


def number_of(word: str) -> float | None:
    """Return the number that a folded token is, in digits or as a word."""
    if word[0].isdigit():
        if len(word) > THOUSANDS and not word[-THOUSANDS].isdigit():  # "60.000" is no 60 of anything
            return None
        try:
            value = float(word.replace(",", "."))
        except ValueError:
            return None
        return value if value <= MAX_NUMBER else None
    return _numbers().get(word)


def _span(tokens: list[_Token], index: int, unit: Unit, used: set[int]) -> Span | None:
    """Return the span whose unit stands at an index: its number before it, else after it."""
    back = _skip(tokens, index, -1)
    if back >= 0 and back not in used and (last := number_of(tokens[back].text)) is not None:
        return _back_span(tokens, back, index, unit, last, used)
    if index and (tokens[index - 1].text in ALONE or _is_article(tokens, index)):
        return Span(unit, 1, 1, numbered=False, start=tokens[index - 1].start, end=tokens[index].end)
    ahead = _skip(tokens, index, 1)
    if ahead >= len(tokens) or ahead in used or (first := number_of(tokens[ahead].text)) is None:
        return None
    if 0 < first < 1:  # "half" after a unit belongs to what follows
        return None
    used.add(ahead)
    last, end = _range_end(tokens, ahead, first, used)
    return Span(unit, first, last, numbered=True, start=tokens[index].start, end=tokens[end].end)


def _is_article(tokens: list[_Token], index: int) -> bool:
    """Whether "a" before a unit means one of it: "in a year", "a year from now", but not "40k a year"."""
    if tokens[index - 1].text not in {"a", "an"}:
        return False
    before = tokens[index - 2].text if index > 1 else ""
    after = tokens[index + 1].text if index + 1 < len(tokens) else ""
    return before in {"in", "within", "after"} or after in {"from", "later", "ahead", "hence"}


def _back_span(tokens: list[_Token], back: int, index: int, unit: Unit, last: float, used: set[int]) -> Span:
    used.add(back)
    first, start = last, back
    if back >= 2 and tokens[back - 1].text in JOINTS and back - 2 not in used:
        lower = number_of(tokens[back - 2].text)
        if lower is not None and lower < last:
            first, start = lower, back - 2
            used.add(start)
    numbered = (
        not ORDINALS.isdisjoint(token.text for token in tokens[back + 1 : index])
        or tokens[back].text in _ordinal_words()
        or (start > 0 and tokens[start - 1].text == "第")
        or tokens[index].text.endswith(COUNTERS)
    )
    return Span(unit, first, last, numbered=numbered, start=tokens[start].start, end=tokens[index].end)


def _range_end(tokens: list[_Token], index: int, first: float, used: set[int]) -> tuple[float, int]:
    """Return the end of the range that starts at an index, and where it stands: "1-4", "1 to 4", "W1-W4"."""
    if index + 2 < len(tokens) and tokens[index + 1].text in JOINTS:
        follow = index + 2
        if unit_of(tokens[follow].text) is not None and follow + 1 < len(tokens):
            follow += 1
        last = number_of(tokens[follow].text)
        if last is not None and last > first:
            used.add(follow)
            return last, follow
    return first, index


def _skip(tokens: list[_Token], index: int, step: int) -> int:
    """Return the index of the next token in a direction that is more than a sign between number and unit."""
    position = index + step
    for _ in range(2):
        if not (0 <= position < len(tokens)) or tokens[position].text not in SKIPPED:
            break
        position += step
    return position


@cache
def _tokens() -> re.Pattern[str]:
    """Numbers, words and signs; a Chinese numeral is a token of its own, and so is the 第 before one."""
    return re.compile(
        r"\d+(?:[.,]\d+)?|第|[一二两三四五六十]{1,3}|半年|[^\W\d_一二两三四五六十第\u0900-\u0dff]+"
        r"|[\u0900-\u0dff]+|[^\w\s]"
    )


@cache
def _units() -> dict[str, Unit]:
    return {fold(word): unit for unit, words in UNITS.items() for word in words.split()}


@cache
def _chinese() -> tuple[tuple[str, Unit], ...]:
    return tuple((fold(word), unit) for word, unit in CHINESE.items())


@cache
def _numbers() -> dict[str, float]:
    return {
        fold(word): value
        for words_of in (PLACES, NUMBERS)
        for value, words in words_of.items()
        for word in words.split()
    }


@cache
def _singles() -> dict[str, int]:
    return {fold(word): months for word, months in SINGLE.items()}


@cache
def _ordinal_words() -> frozenset[str]:
    return frozenset(fold(word) for words in PLACES.values() for word in words.split())
