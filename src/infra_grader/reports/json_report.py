"""The record of a grading: one JSON object, `infra-grader/result/v1`, described by `result.schema.json`.

It keeps everything, hidden checks too: it is for the instructor's tools and for `report`, `rescore` and `mark`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from infra_grader.model.outcome import Evidence, Measure
from infra_grader.model.scorecard import CheckScore, CriterionScore, PenaltyScore, Score, Scorecard
from infra_grader.plugin import RenderOptions, ReportFormat, hookimpl
from infra_grader.reports._text import MAX_BLOCK, MAX_LINE, cut, visible_block

SCHEMA = "infra-grader/result/v1"


@hookimpl
def infra_grader_report_formats() -> list[ReportFormat]:
    """Give the format `json`."""
    return [ReportFormat(name="json", is_machine=True, render=render)]


def render(scorecard: Scorecard, options: RenderOptions) -> str:  # noqa: ARG001 - the contract of a report
    """Return the result as indented JSON in ASCII, ending with a newline."""
    import json  # not needed by `validate`, whose fast path loads this module's neighbours

    compact = json.dumps(result_object(scorecard), allow_nan=False)
    return msgspec.json.format(compact, indent=2) + "\n"  # json indents in Python, which takes ten times as long


def result_object(scorecard: Scorecard) -> dict[str, Any]:
    """Return the result as plain data: text, numbers, lists and dictionaries."""
    rubric, submission, bonus = scorecard.rubric, scorecard.submission, scorecard.bonus
    return _present(
        schema=SCHEMA,
        rubric=_present(
            id=_text(rubric.id),
            version=rubric.version,
            sha256=rubric.sha256,
            title=_text(rubric.title),
            pass_mark=_number(rubric.pass_mark),
        ),
        submission={
            "id": _text(submission.id),
            "path": _text(submission.path),
            "root": _text(submission.root),
            "commit": submission.commit,
            "dirty": submission.dirty,
            **_present(submitted=submission.submitted, due=submission.due),
        },
        score=_score(scorecard.score),
        criteria=[_criterion(criterion) for criterion in scorecard.criteria],
        bonus=None
        if bonus is None
        else {
            "points": _number(bonus.points),
            "earned": _number(bonus.earned),
            "possible": _number(bonus.possible),
            "checks": _checks(bonus.checks),
        },
        penalties=[_penalty(penalty) for penalty in scorecard.penalties],
        complete=_text(scorecard.complete) or None,
        environment={_text(key): _environment(scorecard.environment[key]) for key in sorted(scorecard.environment)},
        started=scorecard.started,
        finished=scorecard.finished,
    )


def _score(score: Score) -> dict[str, Any]:
    # `grade` and `passed` are null where open points decide: that is a statement, so the keys stay.
    return {
        "earned": _number(score.earned),
        "possible": _number(score.possible),
        "points": _number(score.points),
        "bonus": _number(score.bonus),
        "penalty": _number(score.penalty),
        "percent": _number(score.percent),
        "grade": None if score.grade is None else _text(score.grade),
        "passed": score.passed,
        "status": score.status,
    }


def _criterion(criterion: CriterionScore) -> dict[str, Any]:
    return _present(
        id=_text(criterion.id),
        title=_text(criterion.title),
        points=_number(criterion.points),
        earned=_number(criterion.earned),
        possible=_number(criterion.possible),
        required=criterion.required,
        done=_text(criterion.done) or None,
        checks=_checks(criterion.checks),
    )


def _penalty(penalty: PenaltyScore) -> dict[str, Any]:
    check = _check(penalty.check)
    first = {key: check.pop(key) for key in ("id", "title", "points")}
    return first | {"lost": _number(penalty.lost), "lost_at_least": _number(penalty.lost_at_least)} | check


def _checks(checks: Iterable[CheckScore]) -> list[dict[str, Any]]:
    return [_check(check) for check in checks]


def _check(check: CheckScore) -> dict[str, Any]:
    return _present(
        id=_text(check.id),
        title=_text(check.title),
        uses=_text(check.uses),
        parameters=check.parameters or None,
        status=check.status.value,
        fraction=_fraction(check.fraction),
        own_fraction=None if check.own_fraction is None else _fraction(check.own_fraction),
        weight=_weight(check.weight),
        points=_number(check.points),
        earned=_number(check.earned),
        possible=_number(check.possible),
        message=_text(check.message),
        hint=_text(check.hint) or None,
        remedy=_text(check.remedy) or None,
        needs=[_text(need) for need in check.needs],
        blocked_by=_text(check.blocked_by) or None,
        visibility=check.visibility.value,
        tags=[_text(tag) for tag in check.tags],
        assurance="claimed" if check.claimed else None,
        evidence=[_evidence(evidence) for evidence in check.evidence],
        measure=None if check.measure is None else _measure(check.measure),
        duration_s=round(check.duration_s, 3),
    )


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return _present(
        kind=evidence.kind.value,
        path=None if evidence.path is None else _text(evidence.path),
        line=evidence.line,
        end_line=evidence.end_line,
        expected=_value(evidence.expected),
        actual=_value(evidence.actual),
        unit=None if evidence.unit is None else _text(evidence.unit),
        text=None if evidence.text is None else cut(visible_block(evidence.text), MAX_BLOCK),
        excerpt=[{"line": quoted.number, "text": _text(quoted.text)} for quoted in evidence.excerpt] or None,
    )


def _measure(measure: Measure) -> dict[str, Any] | None:
    if not math.isfinite(measure.value):  # JSON has no such number, and no award table holds for it
        return None
    is_stated = measure.threshold is not None and math.isfinite(measure.threshold)
    return _present(value=measure.value, unit=_text(measure.unit), threshold=measure.threshold if is_stated else None)


def _present(**keys: object) -> dict[str, Any]:
    """Return the keys that have something to say."""
    return {key: value for key, value in keys.items() if value is not None}


def _text(text: str) -> str:
    return cut(visible_block(text), MAX_LINE)


def _value(value: str | float | None) -> str | int | float | None:
    if value is None or isinstance(value, str):
        return None if value is None else _text(value)
    if isinstance(value, bool) or not math.isfinite(value):
        return str(value)
    return value


def _environment(value: str | int) -> str | int:
    return _text(value) if isinstance(value, str) else value


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _weight(weight: Fraction) -> int | float:
    return weight.numerator if weight.denominator == 1 else float(weight)


def _fraction(fraction: Fraction) -> str:
    return f"{fraction.numerator}/{fraction.denominator}"
