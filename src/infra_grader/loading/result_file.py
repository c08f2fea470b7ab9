"""A recorded result, `infra-grader/result/v1`, read back into the scorecard that it was made from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec

from infra_grader.errors import Problem, ResultError
from infra_grader.loading._result_consistency import contradictions
from infra_grader.loading._result_record import (
    CheckRecord,
    CriterionRecord,
    EvidenceRecord,
    ResultRecord,
    ScoreRecord,
)
from infra_grader.model.outcome import Evidence, ExcerptLine, Measure
from infra_grader.model.scorecard import (
    BonusScore,
    CheckScore,
    CriterionScore,
    PenaltyScore,
    RubricRef,
    Score,
    Scorecard,
    SubmissionRef,
)

SCHEMA = "infra-grader/result/v1"
MAX_BYTES = 32 * 1024 * 1024
"""The largest record that is read: a rubric of a thousand checks with all the evidence that the engine keeps."""


def load_result(path: Path | str) -> Scorecard:
    """Return the scorecard that a result file records.

    Raises `ResultError` if it cannot be read, is too large, is no such result, or contradicts itself: its totals
    are the sums of what it shows.
    """
    source = os.fspath(path)
    return parse_result(_read(source), source)


def parse_result(content: bytes, source: str) -> Scorecard:
    """Return the scorecard that the bytes of a result file record; `source` names it in errors."""
    try:
        result = msgspec.json.decode(content, type=ResultRecord)
    except msgspec.ValidationError as error:
        raise ResultError(source, _problem(str(error), content)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ResultError(source, Problem(f"It is not JSON, or cut off: {error}.")) from error
    scorecard = _scorecard(result)
    if problems := contradictions(scorecard):
        raise ResultError(source, *problems)
    return scorecard


def _read(source: str) -> bytes:
    try:
        with open(source, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ResultError(source, Problem(f"It cannot be read: {error.strerror}.")) from error
    if len(content) > MAX_BYTES:
        raise ResultError(source, Problem(f"It is larger than {MAX_BYTES} bytes, so it is no result."))
    return content


def _problem(text: str, content: bytes) -> Problem:
    """Return what msgspec found wrong, with its place as a path in the document; another version is named first."""
    version = re.match(rb'\s*\{\s*"schema"\s*:\s*"([^"\\]{1,80})"', content)
    if version and version[1].decode(errors="replace") != SCHEMA:
        found = version[1].decode(errors="replace")
        return Problem(f"It follows another schema: {found}.", path="schema", allowed=SCHEMA)
    message, _, where = text.partition(" - at ")
    return Problem(f"{message}.", path=where.strip("`").removeprefix("$").removeprefix("."))


def _scorecard(result: ResultRecord) -> Scorecard:
    rubric, submission, bonus = result.rubric, result.submission, result.bonus
    return Scorecard(
        rubric=RubricRef(
            id=rubric.id,
            version=rubric.version,
            sha256=rubric.sha256,
            title=rubric.title,
            pass_mark=_decimal(rubric.pass_mark),
        ),
        submission=SubmissionRef(
            id=submission.id,
            path=submission.path,
            root=submission.root,
            commit=submission.commit,
            dirty=submission.dirty,
            submitted=submission.submitted,
            due=submission.due,
        ),
        score=_score(result.score),
        criteria=tuple(_criterion(criterion) for criterion in result.criteria),
        bonus=None
        if bonus is None
        else BonusScore(
            points=_decimal(bonus.points),
            earned=_decimal(bonus.earned),
            possible=_decimal(bonus.possible),
            checks=_checks(bonus.checks),
        ),
        penalties=tuple(
            PenaltyScore(
                check=_check(penalty),
                lost=_decimal(penalty.lost),
                lost_at_least=_decimal(penalty.lost_at_least),
            )
            for penalty in result.penalties
        ),
        environment=result.environment,
        started=result.started,
        finished=result.finished,
        complete=result.complete,
    )


def _score(score: ScoreRecord) -> Score:
    return Score(
        earned=_decimal(score.earned),
        possible=_decimal(score.possible),
        points=_decimal(score.points),
        bonus=_decimal(score.bonus),
        penalty=_decimal(score.penalty),
        percent=_decimal(score.percent),
        grade=score.grade,
        passed=score.passed,
        provisional=score.status == "provisional",
    )


def _criterion(criterion: CriterionRecord) -> CriterionScore:
    return CriterionScore(
        id=criterion.id,
        title=criterion.title,
        points=_decimal(criterion.points),
        earned=_decimal(criterion.earned),
        possible=_decimal(criterion.possible),
        required=criterion.required,
        checks=_checks(criterion.checks),
        done=criterion.done,
    )


def _checks(checks: Iterable[CheckRecord]) -> tuple[CheckScore, ...]:
    return tuple(_check(check) for check in checks)


def _check(check: CheckRecord) -> CheckScore:
    measure = None
    if check.measure is not None:
        measure = Measure(value=check.measure.value, unit=check.measure.unit, threshold=check.measure.threshold)
    return CheckScore(
        id=check.id,
        title=check.title,
        uses=check.uses,
        status=check.status,
        fraction=Fraction(check.fraction),
        own_fraction=None if check.own_fraction is None else Fraction(check.own_fraction),
        message=check.message,
        weight=Fraction(str(check.weight)),
        points=_decimal(check.points),
        earned=_decimal(check.earned),
        possible=_decimal(check.possible),
        hint=check.hint,
        remedy=check.remedy,
        needs=tuple(check.needs),
        blocked_by=check.blocked_by,
        visibility=check.visibility,
        tags=tuple(check.tags),
        claimed=check.assurance == "claimed",
        evidence=tuple(_evidence(evidence) for evidence in check.evidence),
        measure=measure,
        duration_s=check.duration_s,
        parameters=check.parameters,
    )


def _evidence(evidence: EvidenceRecord) -> Evidence:
    return Evidence(
        kind=evidence.kind,
        path=evidence.path,
        line=evidence.line,
        end_line=evidence.end_line,
        expected=evidence.expected,
        actual=evidence.actual,
        unit=evidence.unit,
        text=evidence.text,
        excerpt=tuple(ExcerptLine(number=quoted.line, text=quoted.text) for quoted in evidence.excerpt),
    )


def _decimal(value: float) -> Decimal:
    # By way of the text: 12.1 in the file means 12.1, not the float nearest to it.
    return Decimal(str(value))
