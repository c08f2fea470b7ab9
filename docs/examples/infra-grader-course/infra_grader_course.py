"""What one course adds to infra-grader: a check kind, a report, an observer and a late policy."""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from infra_grader.model.rubric import CheckSpec, Rubric
from infra_grader.model.scorecard import CheckScore, PenaltyScore
from infra_grader.plugin import (
    Annotated,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    RelativePath,
    RenderOptions,
    ReportFormat,
    Scorecard,
    Status,
    check,
    hookimpl,
)

log = logging.getLogger(__name__)

DUE = "COURSE_DUE"
"""Environment variable with the date and time that work is due, such as 2026-03-01T18:00:00+00:00."""

SHARE_A_DAY = Fraction(1, 10)
"""Part of the rubric's points that each day begun after that time costs."""


# --- A check kind: its parameters, and one function -----------------------------------------------------------------


class Journal(Params):
    """What `with:` accepts."""

    path: RelativePath
    entries: Annotated[int, Meta(ge=1, description="Entries that a full journal has.")] = 5
    words: Annotated[int, Meta(ge=1, description="Words that an entry has at least.")] = 20


@check("course.journal", measure="entries")
def journal(context: Context, params: Journal) -> Outcome:
    """A learning journal has enough dated entries, each with a text of its own.

    An entry is a heading that is a date (`## 2026-01-31`) and the text below it, up to the next heading. Entries
    that share their day or their text count once.
    """
    text = context.workspace.read_text(params.path)
    days: set[dt.date] = set()
    texts: set[str] = set()
    evidence = []
    for day, line, words in _entries(text):
        if len(words) >= params.words and day not in days and " ".join(words) not in texts:
            days.add(day)
            texts.add(" ".join(words))
            evidence.append(Evidence(path=params.path, line=line, text=f"{day}: {len(words)} words"))
    return Outcome.partial(
        min(Fraction(len(days), params.entries), Fraction(1)),
        f"{params.path} has {len(days)} of {params.entries} entries of {params.words} words or more.",
        Evidence(path=params.path, expected=params.entries, actual=len(days), unit="entries"),
        *evidence,
        measure=Measure(value=len(days), unit="entries", threshold=params.entries),
    )


def _entries(text: str) -> Iterator[tuple[dt.date, int, list[str]]]:
    """Yield the day of each dated heading, its line, and the words below it."""
    entry: tuple[dt.date, int, list[str]] | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.startswith("#"):
            if entry is not None:
                entry[2].extend(line.split())
            continue
        if entry is not None:
            yield entry
        try:
            entry = dt.date.fromisoformat(line.lstrip("#").strip()), number, []
        except ValueError:
            entry = None
    if entry is not None:
        yield entry


# --- A report: a pure function from a scorecard to text -------------------------------------------------------------


def render_letter(scorecard: Scorecard, _options: RenderOptions) -> str:
    """Return a short letter with what is left to do."""
    score = scorecard.score
    lines = [
        "Dear learner,",
        "",
        f"{scorecard.rubric.title}: you have {score.earned} of {score.points} points.",
        *(f"  {check.title}: {check.message}" for check in scorecard.all_checks() if check.is_lost),
    ]
    return "\n".join(lines) + "\n"


@hookimpl
def infra_grader_report_formats() -> Sequence[ReportFormat]:
    """Offer `--report letter`."""
    return [ReportFormat(name="letter", is_machine=False, render=render_letter)]


# --- An observer: sees each outcome as it comes; `-v` shows what it logs --------------------------------------------

seen: Counter[Status] = Counter()


@hookimpl
def infra_grader_observe_outcome(check: CheckSpec, outcome: Outcome) -> None:
    """Count the outcomes by status."""
    seen[outcome.status] += 1
    log.info("%s %s, %d seen so far", check.id, outcome.status, seen.total())


# --- An adjuster: a late policy, as a penalty that every report shows -----------------------------------------------


@hookimpl
def infra_grader_adjust_scorecard(scorecard: Scorecard, rubric: Rubric) -> Scorecard | None:
    """Take a tenth of the points for each day begun after the work was due."""
    days = days_late(os.environ.get(DUE, ""), scorecard.started)
    if days == 0:
        return None
    lost = _hundredths(min(Fraction(rubric.points), Fraction(rubric.points) * SHARE_A_DAY * days))
    score = scorecard.score
    earned, possible = max(Decimal(0), score.earned - lost), max(Decimal(0), score.possible - lost)
    passed = score.passed
    if possible < rubric.pass_mark:
        passed = False
    elif earned < rubric.pass_mark and passed:
        passed = None
    grades = {_letter(rubric, earned), _letter(rubric, possible)}
    return scorecard.replace(
        penalties=(*scorecard.penalties, _late_penalty(days, lost)),
        score=score.replace(
            earned=earned,
            possible=possible,
            penalty=score.penalty + lost,
            percent=_percent(rubric, earned),
            grade=grades.pop() if len(grades) == 1 else None,
            passed=passed,
        ),
    )


def days_late(due: str, started: str) -> int:
    """Return the days begun between two points in time; 0 if one is not given or the work is on time."""
    if not due or not started:
        return 0
    late = dt.datetime.fromisoformat(started) - dt.datetime.fromisoformat(due)
    return max(0, -(-late // dt.timedelta(days=1)))


def _late_penalty(days: int, lost: Decimal) -> PenaltyScore:
    check = CheckScore(
        id="late",
        title="Handed in on time",
        uses="course.late",
        status=Status.FAILED,
        fraction=Fraction(0),
        message=f"The work was graded on day {days} after it was due.",
        weight=Fraction(1),
        points=lost,
        earned=Decimal(0),
        possible=Decimal(0),
        evidence=(Evidence.number(days, 0, "days"),),
    )
    return PenaltyScore(check=check, lost=lost, lost_at_least=lost)


def _hundredths(points: Fraction) -> Decimal:
    return (Decimal(points.numerator) / points.denominator).quantize(Decimal("0.01"), rounding=ROUND_DOWN)


def _percent(rubric: Rubric, earned: Decimal) -> Decimal:
    return _hundredths(100 * Fraction(earned) / Fraction(rubric.points))


def _letter(rubric: Rubric, earned: Decimal) -> str | None:
    percent = _percent(rubric, earned)
    return next((letter for letter, bound in rubric.grades if percent >= bound), None)
