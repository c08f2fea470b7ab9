"""Batches without a run: journals of small classes, as the tests of gradebooks need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec

from infra_grader.engine.gradebook import HEAD, ROSTER, head_of
from infra_grader.engine.journal import Entry, Journal
from infra_grader.model.gradebook import Gradebook, GradebookRow, State
from infra_grader.model.outcome import Evidence, Outcome
from infra_grader.model.roster import Learner, Roster
from infra_grader.model.rubric import Visibility
from infra_grader.model.scorecard import Score
from infra_grader.plugin import RenderOptions
from infra_grader.reports.json_report import render
from tests.support.rubrics import rubric, score_of, spec

HOSTILE = '=HYPERLINK("http://evil.example","x")\n+1;=2\x1b[31m\u202e,"q"'
"""A name that tries to be a formula, a row, an escape sequence and a quote."""
RUBRIC = rubric(
    spec("tests", points="60"),
    spec("review", points="30"),
    spec("secret", points="10", visibility=Visibility.HIDDEN),
    bonus=[spec("extra", points="5")],
    penalties=[spec("late", points="20")],
    pass_mark="60",
)
FULL = {
    "tests": Outcome.passed("All pass.", Evidence(path="a.py")),
    "review": Outcome.passed("Well read."),
    "secret": Outcome.passed("The SECRET works."),
    "extra": Outcome.failed("No extra."),
    "late": Outcome.passed("In time."),
}
OUTCOMES: Mapping[str, Mapping[str, Outcome]] = {
    "ada": FULL | {"tests": Outcome.partial(Fraction(7, 8), "7 of 8 pass."), "late": Outcome.failed("2 days late.")},
    "ben": FULL | {"review": Outcome.awaiting("A person reads it.")},
    "fay": FULL | {"extra": Outcome.passed("An extra.")},
}
LEARNERS = (
    Learner(id="ada", name="Ada Lovelace", email="ada@example.org", source="/home/x/ada", columns={"group": "1"}),
    Learner(id="ben", name="Ben Ali", email="ben@example.org", columns={"group": "-2"}),
    Learner(id="cyd", name="Čyd Ōno", email="cyd@example.org", columns={"group": "@home"}),
    Learner(id="dee", name=HOSTILE, columns={"group": HOSTILE}, due=datetime(2026, 11, 1, tzinfo=UTC)),
    Learner(id="eve", columns={"group": ""}),
    Learner(id="fay", name="Fay O'Neil", email="fay@example.org", columns={"group": "2"}),
)
"""Graded and final, provisional, absent, open, waiting, and more than the full mark."""


def write_batch(folder: Path) -> Path:
    """Write the journal of the class into a folder, and return the folder."""
    journal = Journal(folder)
    roster = Roster(source="class.csv", learners=LEARNERS, columns=("group",))
    journal.set_fact(ROSTER, msgspec.json.encode(roster).decode())
    journal.set_fact(HEAD, msgspec.json.encode(head_of(RUBRIC)).decode())
    for learner, outcomes in OUTCOMES.items():
        add_result(journal, learner, outcomes)
    journal.add(Entry(learner="cyd", cause="batch", state=State.ABSENT, message="=There is nothing."))
    journal.add(Entry(learner="dee", cause="batch", state=State.OPEN, message="No network: /home/dee/work."))
    journal.close()
    return folder


def add_result(journal: Journal, learner: str, outcomes: Mapping[str, Outcome], cause: str = "batch") -> None:
    """Add a graded entry for a learner."""
    card = score_of(RUBRIC, **outcomes)
    entry = Entry(
        learner=learner,
        cause=cause,
        state=State.GRADED,
        rubric="5ca1ab1e" * 8,
        work="c0ffee" * 6,
        submitted="2026-11-02T10:00:00Z",
        earned=str(card.score.earned),
        possible=str(card.score.possible),
    )
    journal.add(entry, render(card, RenderOptions()).encode())


def steady(gradebook: Gradebook) -> Gradebook:
    """Return a gradebook whose rows do not say when they came out, for golden files."""
    return gradebook.replace(rows=[row.replace(at="2026-11-26T08:00:00Z" if row.at else "") for row in gradebook.rows])


def gradebook_of(earned: Mapping[str, Decimal], learners: Iterable[Learner]) -> Gradebook:
    """Return a gradebook in memory in which learners have these final points out of 100; others have none."""
    rows = [
        GradebookRow(learner=learner, state=State.GRADED, score=_score(earned[learner.id]))
        if learner.id in earned
        else GradebookRow(learner=learner, state=State.WAITING)
        for learner in learners
    ]
    return Gradebook(head=head_of(RUBRIC), columns=(), rows=rows)


def _score(earned: Decimal) -> Score:
    return Score(
        earned=earned,
        possible=earned,
        points=Decimal(100),
        bonus=Decimal(0),
        penalty=Decimal(0),
        percent=earned,
        grade=None,
        passed=True,
        provisional=False,
    )
