"""A recorded scorecard under a rubric that has changed: new weights, awards and marks, nothing asked again."""

from __future__ import annotations

from collections.abc import Mapping

from infra_grader.engine.ask import not_assessed
from infra_grader.engine.plan import plan
from infra_grader.engine.run import held_back
from infra_grader.engine.score import judge, score
from infra_grader.model.outcome import Outcome, Status, status_of
from infra_grader.model.rubric import CheckSpec, Rubric
from infra_grader.model.scorecard import ADJUSTED_BY, CheckScore, Scorecard

GRADE_AGAIN = "Grade the submission again with this rubric."


def rescore(scorecard: Scorecard, rubric: Rubric) -> Scorecard:
    """Return the scorecard that the recorded outcomes give under another version of the rubric.

    A check that the record does not hold, or that asks another question now, is not assessed. Raises `RubricError`
    for a ring of `needs`.
    """
    recorded = {check.id: check for check in scorecard.all_checks()}
    outcomes: dict[str, Outcome] = {}
    for check in plan(rubric).checks:
        outcomes[check.id] = _outcome(check, recorded, outcomes)
    return score(
        rubric,
        outcomes,
        scorecard.submission,
        # What adjusted the totals of then does not adjust these.
        environment={name: fact for name, fact in scorecard.environment.items() if name != ADJUSTED_BY},
        started=scorecard.started,
        finished=scorecard.finished,
    )


def recorded_outcomes(scorecard: Scorecard, rubric: Rubric) -> Mapping[str, Outcome]:
    """Return the outcomes of a record, judged, open and blocked ones, for the checks that ask the same still, by id."""
    recorded = {check.id: check for check in scorecard.all_checks()}
    return {
        check.id: judge(check, _as_recorded(recorded[check.id]))
        for check in rubric.all_checks()
        if check.id in recorded and not _asks_otherwise(recorded[check.id], check)
    }


def _asks_otherwise(record: CheckScore, check: CheckSpec) -> bool:
    return record.uses != check.uses or bool(record.parameters and record.parameters != check.parameters)


def _outcome(check: CheckSpec, recorded: Mapping[str, CheckScore], outcomes: Mapping[str, Outcome]) -> Outcome:
    record = recorded.get(check.id)
    held = held_back(check, outcomes)
    if held is not None and not (record and _was_left_out(record, recorded)):
        return held
    if record is None:
        return not_assessed("The record does not hold this check.", GRADE_AGAIN)
    if _asks_otherwise(record, check):
        return not_assessed("The record answers another question: the check's parameters have changed.", GRADE_AGAIN)
    if record.status is Status.BLOCKED or record.blocked_by:
        unknown = not_assessed(f"It was not run: {record.blocked_by} did not pass then.", GRADE_AGAIN)
        return unknown.replace(blocked_by=record.blocked_by)  # it is blocked by it again if that one is lost again
    return judge(check, _as_found(record))


def _was_left_out(record: CheckScore, recorded: Mapping[str, CheckScore]) -> bool:
    """Whether `--only` left a check out: it is open for a reason of its own, though what it needs held it back."""
    needs = [recorded[need] for need in record.needs if need in recorded]
    return record.status.is_open and not record.blocked_by and not all(need.status.satisfies for need in needs)


def _as_recorded(record: CheckScore) -> Outcome:
    """Return the outcome of a check, also of one that was held back."""
    found = _as_found(record)
    if record.status is Status.BLOCKED or record.blocked_by:
        return found.replace(status=record.status, blocked_by=record.blocked_by)
    return found


def _as_found(record: CheckScore) -> Outcome:
    """Return what the check itself found, without the award table of then."""
    fraction = record.fraction if record.own_fraction is None else record.own_fraction
    is_judged = not record.status.is_open
    return Outcome(
        status=status_of(fraction) if is_judged else record.status,
        fraction=fraction,
        message=record.message,
        evidence=record.evidence,
        measure=record.measure,
        remedy=record.remedy,
        claimed=record.claimed,
        duration_s=record.duration_s,
    )
