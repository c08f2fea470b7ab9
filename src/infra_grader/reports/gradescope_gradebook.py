"""The gradebook for Gradescope: a `results.json` for each learner, as its autograders write it.

What Gradescope has no field for is put so: the total stands at the top, where it overrides the sum; a bonus is earned
out of 0; a penalty is negative points out of 0; an open check has no points, as it would show as failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from infra_grader.model.gradebook import CheckStanding, Gradebook, GradebookHead, GradebookRow, PenaltyStanding
from infra_grader.model.outcome import Status
from infra_grader.model.rubric import Visibility
from infra_grader.model.scorecard import Score
from infra_grader.reports._cells import json_number
from infra_grader.reports._findings import HIDDEN_MESSAGE
from infra_grader.reports._left_out import LeftOut, reason_to_leave_out
from infra_grader.reports._text import line, prose
from infra_grader.reports._wording import STATUS_WORDS, points_words
from infra_grader.reports.gradebook_format import GradebookFormat, GradebookOptions, Notes, Put

BONUS = "bonus"
FILE = "results.json"


def write_files(gradebook: Gradebook, put: Put, options: GradebookOptions = GradebookOptions()) -> Notes:  # noqa: B008 - frozen
    """Put `<id>/results.json` for every learner whose points are to be written; returns who was left out."""
    missing, written = LeftOut(), 0
    for row in gradebook.rows:
        if reason := reason_to_leave_out(row, options):
            missing.add(row.learner.id, "left out", reason)
        elif row.score is not None:
            # Not the standard library's: indented, it takes most of the time, and leaves garbage behind.
            text = msgspec.json.format(msgspec.json.encode(_results(row, row.score, gradebook.head)), indent=2)
            put(f"{row.learner.id}/{FILE}", f"{text.decode()}\n")
            written += 1
    return [f"{written} written.", *missing.notes()]


FORMAT = GradebookFormat(
    name="gradescope",
    summary="a folder with a results.json for each learner",
    write_files=write_files,
    takes=frozenset({"provisional"}),
    names_learners=True,
)


def _results(row: GradebookRow, score: Score, head: GradebookHead) -> dict[str, Any]:
    tests = [*_tests(row, head), *map(_penalty, (penalty for penalty in row.penalties if penalty.lost))]
    return {
        "score": json_number(score.earned),
        "output": f"{points_words(score.earned, score.possible, score.points)}.",
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "stdout_visibility": "hidden",
        "extra_data": {"rubric": head.rubric, "version": head.version, "possible": json_number(score.possible)},
        "tests": tests,
    }


def _tests(row: GradebookRow, head: GradebookHead) -> Iterator[dict[str, Any]]:
    titles = {check.id: prose(check.title) for part in head.parts for check in part.checks}
    for place, part in enumerate(row.parts, 1):
        for number, check in enumerate(part.checks, 1):
            yield {
                "name": titles.get(check.id) or line(check.id),
                "number": f"{place}.{number}",
                **_points(check, is_bonus=part.id == BONUS and part is row.parts[-1]),
                "output": _output(check),
                **_tags(check),
                "visibility": check.visibility.value,
            }


def _points(check: CheckStanding, *, is_bonus: bool) -> dict[str, Any]:
    """Return score and status; of an open check neither, which makes it a remark."""
    if check.status.is_open:
        return {}
    most = 0 if is_bonus else json_number(check.points)
    is_won = check.status is Status.PASSED
    return {"score": json_number(check.earned), "max_score": most, "status": "passed" if is_won else "failed"}


def _tags(check: CheckStanding) -> dict[str, Any]:
    return {"tags": [line(tag) for tag in check.tags]} if check.tags and _shows_findings(check.visibility) else {}


def _output(check: CheckStanding) -> str:
    parts = []
    if check.status.is_open:
        lead = f"{STATUS_WORDS[check.status].capitalize()}"
        parts.append(f"{lead}: {points_words(check.earned, check.possible, check.points)}.")
    if not _shows_findings(check.visibility):
        return "\n".join([*parts, HIDDEN_MESSAGE])
    parts += [line(text) for text in (check.message, check.hint if check.status is not Status.PASSED else "") if text]
    return "\n".join(parts)


def _shows_findings(visibility: Visibility) -> bool:
    """Whether Gradescope is told what was found; it keeps to itself what it is to reveal later."""
    return visibility is not Visibility.HIDDEN


def _penalty(penalty: PenaltyStanding) -> dict[str, Any]:
    is_shown = _shows_findings(penalty.visibility)
    return {
        "name": f"Penalty: {prose(penalty.title)}",
        "score": -json_number(penalty.lost),
        "max_score": 0,
        "status": "failed",
        "output": line(penalty.message) if is_shown else HIDDEN_MESSAGE,
        "visibility": penalty.visibility.value,
    }
