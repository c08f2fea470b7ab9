"""The class page: one self-contained page from which an instructor sees the class, and each learner's way through it.

It works from the disk. Its scripts only arrange what stands there already: without them it is a plain page with every
table in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, TextIO

import msgspec

from infra_grader.model.gradebook import CheckHead, CheckStanding, Gradebook, GradebookHead, GradebookRow, PartHead
from infra_grader.model.outcome import Status
from infra_grader.reports import _class_words, _distribution, _page, _text, _wording
from infra_grader.reports._class_totals import UNFETCHED, ClassTotals
from infra_grader.reports._distribution import Bin

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

PLOT_STYLE = "'sha256-zrfVyvY1E/5V+DXZunsRZW8XTqTsuIZzp8dBDThhSn8='"
"""Digest of the style element that the chart library puts into every chart of the class `chart`."""
PENALTIES = "penalties"
"""Id of the part of the rubric that earns nothing and has a column of its own."""
FULL = 100
"""A full mark of so many points makes a score its own percentage."""
PIECE = 1 << 16
_Known = dict[str, tuple[int, Decimal]]
"""Number of each check in the rubric, and its points."""
RESULT_WORDS = {True: "passed", False: "not passed", None: "undecided"}
REASON_WORDS = {
    **{status.value: words for status, words in _wording.STATUS_WORDS.items()},
    **{status.value: words for status, words in _wording.OPEN_WORDS.items()},
    UNFETCHED: "not fetched or not graded",
    "": "for other reasons",
}


def write(gradebook: Gradebook, stream: TextIO, results: str = "results") -> None:
    """Write the page; the memory it takes does not grow with the class.

    `results` is where the folders of the learners are, relative to the page; the empty text leaves the links to their
    feedback out. Rows are gone through once, so that page and totals agree even beside a batch that is running.
    """
    head, totals = gradebook.head, ClassTotals(gradebook.head)
    parts = [part for part in head.parts if part.id != PENALTIES]
    known = {check.id: (number, check.points) for number, check in enumerate(_checks(head))}
    template = _environment().get_template("class_row.html")
    # The totals stand above the rows they are made of, so the rows wait on the disk.
    with TemporaryFile("w+", encoding="utf-8", newline="") as rows:
        for row in gradebook.rows:
            totals.add(row)
            rows.write(
                template.render(
                    row=row,
                    parts=parts,
                    with_percent=head.points != FULL,
                    by_id={part.id: part for part in row.parts},
                    detail=_detail(row, gradebook.columns, known),
                    results=results,
                )
            )
        rows.seek(0)
        stream.writelines(_page_around(_pieces(rows), head, parts, totals))


WORDS: tuple[Callable[..., Any], ...] = (
    _text.line,
    _text.prose,
    _text.number,
    _wording.points,
    _class_words.average,
    _class_words.percent,
    _class_words.width,
    _class_words.moment,
    _class_words.lateness,
    _class_words.duration,
    _class_words.bin_words,
    _class_words.link,
)


def _page_around(
    rows: Iterator[Markup], head: GradebookHead, parts: list[PartHead], totals: ClassTotals
) -> Iterator[str]:
    style = _page.source("report.css") + _page.source("class.css")
    scripts = [_page.source("plot.min.js"), _page.source("class.js")]
    score_bins = _distribution.score_bins(totals.percents, totals.provisional)
    time_bins = _distribution.time_bins(totals.seconds)
    return (
        _environment()
        .get_template("class.html")
        .generate(
            head=head,
            parts=parts,
            with_percent=head.points != FULL,
            totals=totals,
            scores=_distribution.spread(totals.percents),
            score_bins=score_bins,
            times=_distribution.spread(totals.seconds) if any(totals.seconds) else None,
            time_bins=time_bins,
            spent=sum(totals.seconds),
            facts=_facts(head, score_bins, time_bins),
            rows=rows,
            style=_as_it_is(style),
            scripts=[_as_it_is(script) for script in scripts],
            policy=_policy(style, scripts),
        )
    )


def _detail(row: GradebookRow, columns: Iterable[str], known: _Known) -> Markup:
    """What opens under a row; texts are fit to be shown, and a check that was passed in full is only its number."""
    facts = [
        ("Work", _text.line(row.work)),
        ("Submitted", _class_words.moment(row.submitted)),
        ("Due", _class_words.moment(_utc(row.learner.deadline))),
        ("Graded", _class_words.moment(row.at)),
        *((_text.prose(name), _text.line(row.learner.columns.get(name, ""))) for name in columns),
    ]
    return _island(
        {
            "message": _text.line(row.message),
            "facts": [fact for fact in facts if fact[1]],
            "parts": [
                [part.id, part.earned, part.possible, [_check(check, known) for check in part.checks]]
                for part in row.parts
            ],
            "penalties": [
                [_text.prose(penalty.title), penalty.lost, _text.line(penalty.message)]
                for penalty in row.penalties
                if penalty.lost
            ],
        }
    )


def _check(check: CheckStanding, known: _Known) -> object:
    number, points = known.get(check.id, (_text.line(check.id), None))  # the rubric may have changed since
    if check.status is Status.PASSED and check.earned == check.possible == points:
        return number
    return [number, check.status, check.points, check.earned, check.possible, _text.line(check.message)]


def _facts(head: GradebookHead, score_bins: list[Bin], time_bins: list[Bin]) -> Markup:
    """What the scripts need besides the rows."""
    return _island(
        {
            "pass": 100 * head.pass_mark / head.points if head.points else 0,
            "scores": [[found.start, found.end, found.final, found.provisional] for found in score_bins],
            "times": [[_class_words.bin_words(found, "s"), found.final] for found in time_bins],
            "words": {status.value: words for status, words in _wording.STATUS_WORDS.items()},
            "parts": {part.id: [_text.prose(part.title), part.points] for part in head.parts},
            "checks": [[check.id, _text.prose(check.title), check.points] for check in _checks(head)],
        }
    )


_ENCODER = msgspec.json.Encoder(decimal_format="number")


def _checks(head: GradebookHead) -> Iterator[CheckHead]:
    for part in head.parts:
        yield from part.checks


def _utc(when: datetime | None) -> str:
    return "" if when is None else when.astimezone(UTC).isoformat(timespec="seconds")


def _island(value: object) -> Markup:
    """JSON that neither ends the attribute or element it stands in, nor begins another."""
    text = _ENCODER.encode(value).decode()
    for sign in "<>&'":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return _as_it_is(text)


def _as_it_is(text: str) -> Markup:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - our own files, rows that a template made, and JSON without a sign that acts


def _pieces(file: IO[str]) -> Iterator[Markup]:
    while piece := file.read(PIECE):
        yield _as_it_is(piece)


@cache
def _environment() -> Environment:
    return _page.environment(WORDS, RESULT_WORDS=RESULT_WORDS, REASON_WORDS=REASON_WORDS)


def _policy(style: str, scripts: list[str]) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_page.digest(style)} {PLOT_STYLE}",
            f"script-src {' '.join(_page.digest(script) for script in scripts)}",
            # No text can become markup, even through a mistake in a script.
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
