"""The gradebook of a class, read from the journal of its batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import msgspec

from infra_grader.engine.journal import Entry, Journal
from infra_grader.errors import JournalError
from infra_grader.model.gradebook import (
    CheckHead,
    CheckStanding,
    Gradebook,
    GradebookHead,
    GradebookRow,
    PartHead,
    PartStanding,
    PenaltyStanding,
    State,
)
from infra_grader.model.record import Record
from infra_grader.model.roster import Learner, Roster
from infra_grader.model.rubric import CheckSpec, Rubric
from infra_grader.model.scorecard import Score

ROSTER, HEAD = "roster", "head"
"""Facts of the journal, as JSON: the roster, and the head of the gradebook."""
BONUS, PENALTIES = "bonus", "penalties"
BEGIN = "Grade the class first: infra-grader batch ROSTER --rubric ID --out DIR."


def head_of(rubric: Rubric) -> GradebookHead:
    """Return the head of a gradebook of this rubric."""
    parts = [
        PartHead(id=criterion.id, title=criterion.title, points=criterion.points, checks=_heads(criterion.checks))
        for criterion in rubric.criteria
    ]
    if rubric.bonus is not None:
        bonus = rubric.bonus
        parts.append(PartHead(id=BONUS, title="Bonus", points=bonus.max_points, checks=_heads(bonus.checks)))
    if rubric.penalties:
        heads = _heads(rubric.penalties)
        parts.append(PartHead(id=PENALTIES, title="Penalties", points=Decimal(0), checks=heads))
    return GradebookHead(
        rubric=rubric.id,
        version=rubric.version,
        sha256=rubric.sha256,
        title=rubric.title,
        points=rubric.points,
        pass_mark=rubric.pass_mark,
        parts=tuple(parts),
    )


def read_gradebook(journal: Journal, order: Callable[[Learner], str] | None = None) -> Gradebook:
    """Return the gradebook of a batch as its journal holds it now; it is of use while the journal is open.

    Rows are in the roster's order, or in another one. Raises `JournalError` if the journal holds no roster yet.
    """
    facts = journal.facts
    if ROSTER not in facts or HEAD not in facts:
        raise JournalError("the journal", "it holds no class yet", BEGIN)
    roster = msgspec.json.decode(facts[ROSTER], type=Roster)
    learners = roster.learners if order is None else sorted(roster.learners, key=order)
    head = msgspec.json.decode(facts[HEAD], type=GradebookHead)
    return Gradebook(head=head, columns=roster.columns, rows=_Rows(journal, learners))


def learner_ids(journal: Journal) -> list[str]:
    """Return the ids of the roster, in its order; none if the journal holds no class yet."""
    facts = journal.facts
    return (
        [learner.id for learner in msgspec.json.decode(facts[ROSTER], type=Roster).learners] if ROSTER in facts else []
    )


class _Rows:
    """The rows of a gradebook, read when they are gone through."""

    def __init__(self, journal: Journal, learners: Sequence[Learner]) -> None:
        self._journal = journal
        self._learners = learners

    def __len__(self) -> int:
        return len(self._learners)

    def __iter__(self) -> Iterator[GradebookRow]:
        for learner in self._learners:
            entry = self._journal.newest_of(learner.id)
            if entry is None:
                yield GradebookRow(learner=learner, state=State.WAITING, message="Not graded yet.")
            else:
                yield _row(learner, entry, self._journal.result(entry.number))


class _Bonus(Record):
    """The bonus of a result file, which needs no id there."""

    earned: Decimal
    possible: Decimal
    checks: tuple[CheckStanding, ...]


class _Score(Record):
    earned: Decimal
    possible: Decimal
    points: Decimal
    bonus: Decimal
    penalty: Decimal
    percent: Decimal
    grade: str | None
    passed: bool | None
    status: str


class _Result(Record):
    """What a gradebook takes from a result file; see `reports/result.schema.json`."""

    score: _Score
    criteria: tuple[PartStanding, ...]
    penalties: tuple[PenaltyStanding, ...]
    bonus: _Bonus | None = None


_DECODER = msgspec.json.Decoder(_Result)


def _row(learner: Learner, entry: Entry, record: bytes | None) -> GradebookRow:
    row = GradebookRow(
        learner=learner,
        state=entry.state,
        message=entry.message,
        at=entry.at,
        submitted=entry.submitted,
        work=entry.work,
    )
    if record is None:
        return row
    result = _DECODER.decode(record)
    facts = msgspec.structs.asdict(result.score)
    is_provisional = facts.pop("status") == "provisional"
    bonus = [] if result.bonus is None else [PartStanding(id=BONUS, **msgspec.structs.asdict(result.bonus))]
    return row.replace(
        score=Score(**facts, provisional=is_provisional),
        parts=(*result.criteria, *bonus),
        penalties=result.penalties,
    )


def _heads(checks: Sequence[CheckSpec]) -> tuple[CheckHead, ...]:
    return tuple(CheckHead(id=check.id, title=check.title, points=check.points) for check in checks)
