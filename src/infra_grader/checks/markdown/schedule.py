"""The markdown.schedule check kind."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import Literal, NamedTuple

from infra_grader.checks.markdown._page import Page, Paged, open_page, plural
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.answer import is_blank
from infra_grader.reading.markdown import Passage, Table, count_words
from infra_grader.reading.timespan import Span, Unit, find_spans, unit_of, units_in
from infra_grader.reading.topics import Topic, fold

WEEKS_A_MONTH = 4
LABEL_WORDS = 8
"""Longest label that names a month of the calendar; a sentence may name one by the way."""
WIDE_MONTHS = 3
"""A part longer than this is an overview, if the plan has finer parts."""
LONGEST_NUMBER = 2
"""Digits of the number of a week in a list."""

CALENDAR = (
    "january januar janvier enero gennaio janeiro januari styczen январь января ocak jan ene gen sty stycznia",
    "february februar fevrier febrero febbraio fevereiro februari luty февраль февраля subat feb fev lutego",
    "march marz mars marzo marco maart marzec март марта mart mar marca",
    "april avril abril aprile kwiecien апрель апреля nisan apr avr abr kwietnia",
    "may mai mayo maggio maio mei maj май мая mayis mag maja",
    "june juni juin junio giugno junho czerwiec июнь июня haziran jun giu czerwca",
    "july juli juillet julio luglio julho lipiec июль июля temmuz jul lug lipca",
    "august aout agosto augustus sierpien август августа agustos augusti aug ago sierpnia",
    "september septembre septiembre settembre setembro wrzesien сентябрь сентября eylul sep sept set wrzesnia",
    "october oktober octobre octubre ottobre outubro pazdziernik октябрь октября ekim oct okt ott out pazdziernika",
    "november novembre noviembre novembro listopad ноябрь ноября kasim nov listopada",
    "december dezember decembre diciembre dicembre dezembro grudzien декабрь декабря aralik dec dez dic grudnia",
)
"""The months of the calendar, folded; short forms that are other words too often are left out."""


class Schedule(Paged):
    """What a plan must cover, and in which steps."""

    unit: Annotated[
        Literal["months", "weeks"],
        Meta(description="`months`: the plan covers as many months. `weeks`: it has as many goals for weeks."),
    ] = "months"
    min: Annotated[int, Meta(ge=1, description="Fewest months that are covered, or goals for weeks.")] = 6
    min_words: Annotated[int, Meta(ge=1, description="Fewest words that each part must say.")] = 2


class _Part(NamedTuple):
    """A part of the plan: which months or weeks, and what it says."""

    unit: Unit
    first: int
    last: int
    line: int
    words: int

    @property
    def months(self) -> float:
        """How long the part is, in months."""
        length = self.last - self.first + 1
        return length / WEEKS_A_MONTH if self.unit == "week" else float(length)


@check("markdown.schedule", measure="parts")
def schedule(context: Context, params: Schedule) -> Outcome:
    """A plan covers a number of months, or has goals for a number of weeks, each part with text of its own.

    Parts may be headings, labels, rows, columns or sentences: "Month 1", "Weeks 1-4", "KW 5", "March", "2025-03".
    """
    page = open_page(context, params.path)
    found = context.shared(("markdown schedule", page.path), lambda: tuple(_parts(page)))
    parts = [part for part in found if part.words >= params.min_words]
    if params.unit == "weeks":
        number = _weekly_goals(page, parts, params.min_words)
        missing = []
        noun, where = "goal for a week", next((part.line for part in parts if part.unit == "week"), None)
    else:
        covered = _covered_months(parts)
        number = max(len(covered), _calendar_months(page, params.min_words))
        missing = sorted(set(range(1, params.min + 1)) - covered) if len(covered) == number > 0 else []
        noun, where = "month", parts[0].line if parts else None
    message = f"{page.path} {'covers' if noun == 'month' else 'has'} {_count(number, noun)}"
    message += "." if number >= params.min else f", {params.min} are asked for{_without(missing)}."
    return Outcome.partial(
        min(Fraction(1), Fraction(number, params.min)),
        message,
        Evidence(path=page.path, line=where, expected=f"at least {params.min}", actual=number, unit=params.unit),
        measure=Measure(value=number, unit="parts", threshold=params.min),
    )


def _without(missing: list[int]) -> str:
    if not missing:
        return ""
    return f"; nothing for {'month' if len(missing) == 1 else 'months'} {', '.join(map(str, missing))}"


def _count(number: int, noun: str) -> str:
    return plural(number, noun) if noun == "month" else f"{number} {'goal' if number == 1 else 'goals'} for weeks"


def _parts(page: Page) -> Iterator[_Part]:
    yield from _from_numbered_lists(page)
    for topic in page.topics:
        if spans := _numbered(topic.title):
            words = topic.words()
            yield from (_part(span, topic.line, words) for span in spans)
    for table in page.document.tables:
        yield from _from_numbers(table)
        for row in table.rows:
            for cell in row.cells[1:]:
                if len(cell.split()) <= 4 and (spans := _numbered(cell)):
                    words = count_words(other for other in row.cells if other is not cell and not is_blank(other))
                    yield from (_part(span, row.line, words) for span in spans)
    for passage in page.document.prose():
        if passage.kind != "cell":
            for sentence in _stops().split(f"{passage.marker} {passage.text}"):
                spans = _numbered(sentence)
                yield from (_part(span, passage.line, len(sentence.split()) - 2 * len(spans)) for span in spans)


def _from_numbered_lists(page: Page) -> Iterator[_Part]:
    """Yield the items of a list that has as many as the heading above says: `# 24 weeks`, `1. Pods`, `2. Services`."""
    sizes = Counter(item.group for item in page.document.items)
    spans: tuple[Span, ...] = ()
    for passage in page.document.passages:
        if passage.kind == "heading":
            spans = find_spans(passage.text)
        number = passage.marker.rstrip(".)")
        if number.isdigit() and len(number) <= LONGEST_NUMBER:
            size = sizes[passage.group]
            for span in spans:
                if not span.numbered and span.last == size:
                    words = count_words([passage.text])
                    yield _Part(span.unit, int(number), int(number), passage.line, words)


def _numbered(text: str) -> list[Span]:
    """Return the spans of a text that number a week or a month."""
    return [span for span in find_spans(text) if span.numbered and span.unit != "year" and span.last >= 1]


def _part(span: Span, line: int, words: int) -> _Part:
    return _Part(span.unit, max(1, int(span.first)), int(span.last), line, words)


def _from_numbers(table: Table) -> Iterator[_Part]:
    """Yield the rows of a table in which a column headed by a unit holds bare numbers: `| Week |`, `| 1-2 |`."""
    for column, header in enumerate(table.headers[:2]):
        words = fold(header).replace("/", " ").split()
        unit = next((unit for word in words if (unit := unit_of(word.strip("#.():"))) in {"week", "month"}), None)
        if unit is None:
            continue
        for row in table.rows:
            match = _bare_range().fullmatch(row.cells[column].strip())
            if match:
                rest = count_words(
                    cell for number, cell in enumerate(row.cells) if number != column and not is_blank(cell)
                )
                yield _Part(unit, int(match[1]), int(match[2] or match[1]), row.line, rest)


def _covered_months(parts: list[_Part]) -> set[int]:
    """Return the months that are covered; an overview of many months counts only if there is nothing finer."""
    fine = [part for part in parts if part.months <= WIDE_MONTHS]
    chosen = fine or parts
    months = {number for part in chosen if part.unit == "month" for number in range(part.first, min(part.last, 60) + 1)}
    weeks = {number for part in chosen if part.unit == "week" for number in range(part.first, min(part.last, 260) + 1)}
    # A month counts as planned by weeks when most of its weeks are.
    by_weeks = {
        month
        for month in range(1, max(weeks, default=0) // WEEKS_A_MONTH + 1)
        if len(weeks & set(range(4 * month - 3, 4 * month + 1))) >= 3
    }
    return max(months - {0}, by_weeks, key=len)


def _calendar_months(page: Page, min_words: int) -> int:
    """Return how many months of the calendar label a part of the plan."""
    found: set[str | int] = set()
    for title, words in _calendar_labels(page):
        if len(title.split()) > LABEL_WORDS:
            continue
        folded = fold(title)
        named: set[str | int] = {match[0] for match in _dates().finditer(folded)}
        named |= {_calendar()[word] for word in _letters().findall(folded) if word in _calendar()}
        if named and words() >= min_words:
            found |= named
    names = sum(isinstance(item, int) for item in found)
    return max(names, len(found) - names)


def _calendar_labels(page: Page) -> Iterator[tuple[str, Callable[[], int]]]:
    """Yield what may name a month, with a way to count the words that belong to it."""
    for topic in page.topics:
        yield topic.title, topic.words
    for table in page.document.tables:
        for row in table.rows:
            yield from ((cell, lambda row=row: count_words(row.cells) - 1) for cell in row.cells[:2])


def _weekly_goals(page: Page, parts: list[_Part], min_words: int) -> int:
    """Return the number of goals for weeks: a numbered week each, and the points below a label that speaks of weeks."""
    lines = {part.line for part in parts if part.unit == "week"}
    for topic in page.topics:
        if "week" in units_in(topic.title):
            lines |= _points(topic, min_words)
    for passage in page.document.prose():
        if passage.kind != "cell" and "week" in units_in(passage.text) and count_words([passage.text]) > min_words:
            lines.add(passage.line)
    return len(lines)


def _points(topic: Topic, min_words: int) -> set[int]:
    return {passage.line for passage in topic.text if _is_own(passage) and count_words([passage.text]) >= min_words}


def _is_own(passage: Passage) -> bool:
    return not is_blank(passage.text)


@cache
def _calendar() -> dict[str, int]:
    return {word: number for number, words in enumerate(CALENDAR, 1) for word in words.split()}


@cache
def _dates() -> re.Pattern[str]:
    return re.compile(r"\b20\d\d[-/.年](?:0?[1-9]|1[0-2])\b|\b(?:0?[1-9]|1[0-2])[/.]20\d\d\b")


@cache
def _letters() -> re.Pattern[str]:
    return re.compile(r"[^\W\d_]+")


@cache
def _bare_range() -> re.Pattern[str]:
    return re.compile(r"#?(\d{1,3})(?:\s?(?:-|–|—|to|bis|/|&|\+|~)\s?(\d{1,3}))?\.?")


@cache
def _stops() -> re.Pattern[str]:
    return re.compile(r"(?<!\d)[.](?=\s|$)|[!?;](?=\s|$)|[。！？；।\n]")
