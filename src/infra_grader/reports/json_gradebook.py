"""The gradebook for programs: one JSON object, `infra-grader/gradebook/v1`, described by `gradebook.schema.json`.

It holds hidden checks too: it is for the instructor's tools. A learner takes one line, so that it can be read by lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from infra_grader.model.gradebook import (
    CheckHead,
    CheckStanding,
    Gradebook,
    GradebookHead,
    GradebookRow,
    PartHead,
    PartStanding,
    PenaltyStanding,
)
from infra_grader.model.roster import Learner
from infra_grader.model.rubric import Visibility
from infra_grader.model.scorecard import Score
from infra_grader.reports._cells import json_number
from infra_grader.reports.gradebook_format import GradebookFormat, GradebookOptions, Notes

SCHEMA = "infra-grader/gradebook/v1"


def write(gradebook: Gradebook, stream: TextIO, options: GradebookOptions = GradebookOptions()) -> Notes:  # noqa: ARG001, B008 - the contract of a format; frozen
    """Write the object in ASCII, a line for each learner."""
    stream.write(f'{{"schema": {_json(SCHEMA)},\n')
    stream.write(f'"rubric": {_json(_head(gradebook.head))},\n')
    stream.write(f'"columns": {_json(list(gradebook.columns))},\n"learners": [')
    end = "\n"
    for row in gradebook.rows:
        stream.write(f"{end}{_json(_row(row))}")
        end = ",\n"
    stream.write("\n]}\n")
    return ()


FORMAT = GradebookFormat(name="json", summary="one object for programs", write=write)


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def _head(head: GradebookHead) -> dict[str, Any]:
    return {
        "id": head.rubric,
        "version": head.version,
        "sha256": head.sha256,
        "title": head.title,
        "points": json_number(head.points),
        "pass_mark": json_number(head.pass_mark),
        "parts": [_part_head(part) for part in head.parts],
    }


def _part_head(part: PartHead) -> dict[str, Any]:
    return _item_head(part) | {"checks": [_item_head(check) for check in part.checks]}


def _item_head(item: PartHead | CheckHead) -> dict[str, Any]:
    return {"id": item.id, "title": item.title, "points": json_number(item.points)}


def _row(row: GradebookRow) -> dict[str, Any]:
    return {
        **_learner(row.learner),
        "state": row.state.value,
        **_said(message=row.message, at=row.at, submitted=row.submitted, work=row.work),
        "score": None if row.score is None else _score(row.score),
        "parts": [_part(part) for part in row.parts],
        "penalties": [_penalty(penalty) for penalty in row.penalties],
    }


def _learner(learner: Learner) -> dict[str, Any]:
    due = "" if learner.deadline is None else learner.deadline.isoformat()
    return {
        "id": learner.id,
        **_said(name=learner.name, email=learner.email, source=learner.source, due=due),
        **({"columns": dict(learner.columns)} if learner.columns else {}),
    }


def _score(score: Score) -> dict[str, Any]:
    numbers = ("earned", "possible", "points", "bonus", "penalty", "percent")
    return {
        **{name: json_number(getattr(score, name)) for name in numbers},
        "grade": score.grade,
        "passed": score.passed,
        "status": score.status,
    }


def _part(part: PartStanding) -> dict[str, Any]:
    return {
        "id": part.id,
        "earned": json_number(part.earned),
        "possible": json_number(part.possible),
        "checks": [_check(check) for check in part.checks],
    }


def _check(check: CheckStanding) -> dict[str, Any]:
    return {
        "id": check.id,
        "status": check.status.value,
        "points": json_number(check.points),
        "earned": json_number(check.earned),
        "possible": json_number(check.possible),
        **_said(message=check.message),
        **_said(visibility="" if check.visibility is Visibility.VISIBLE else check.visibility.value),
        **_tags(check.tags),
        "duration_s": check.duration_s,
    }


def _penalty(penalty: PenaltyStanding) -> dict[str, Any]:
    lost = {"lost": json_number(penalty.lost)}
    return {"id": penalty.id, "title": penalty.title, **lost, **_said(message=penalty.message)}


def _tags(tags: Iterable[str]) -> dict[str, Any]:
    return {"tags": list(tags)} if tags else {}


def _said(**texts: str) -> dict[str, str]:
    """Return the texts that say something."""
    return {key: text for key, text in texts.items() if text}
